"""A page as Markdown, short enough for a comment on a pull request. Names can't start markup, mentions or links."""

from __future__ import annotations

import re
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from finops.bundled import templates_dir
from finops.core import numbers
from finops.render import views, words
from finops.render.charts.svg import shown_name
from finops.render.page import Page
from finops.render.tiles import tiles


def render_markdown(page: Page) -> str:
    """The same page as `render_html`, without the figures."""
    agents = views.agents_view(page)
    context = {
        "page": page,
        "headline": plain(words.headline(page)),
        "under": plain(" ".join(words.subtitles(page))),
        "tiles": tiles(page),
        "agents": agents,
        "foot": [*([agents.rest] if agents.rest else []), *agents.leftovers, agents.total],
        "balance": views.reconciliation_sentence(page),
        "quality": views.quality_sentence(page),
        "prices_text": views.prices_text(page),
    }
    return _environment().get_template("summary.md.j2").render(context).strip() + "\n"


def plain(text: str) -> str:
    """Text in which Markdown and HTML see nothing but text, on one line."""
    flat = " ".join(shown_name(text).split())
    escaped = re.sub(r"([\\`*_{}\[\]#|~@!])", r"\\\1", flat)
    escaped = re.sub(r"\b(https?|ftp|www)\b(?=[:.])", "\\1\u200b", escaped)
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\\@", "@\u200b")


def code(name: str) -> str:
    """A name as code: nothing in it is markup, a mention or a link."""
    flat = " ".join(shown_name(name).split()).replace("|", "\\|") or " "
    longest = max((len(run) for run in re.findall(r"`+", flat)), default=0)
    fence = "`" * (longest + 1)
    air = " " if longest and (flat.startswith("`") or flat.endswith("`")) else ""
    return f"{fence}{air}{flat}{air}{fence}"


@cache
def _environment() -> Environment:
    made = Environment(  # it escapes for Markdown, which autoescape knows nothing of
        loader=FileSystemLoader(templates_dir()),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(n=numbers, w=words, plain=plain, code=code)
    return made
