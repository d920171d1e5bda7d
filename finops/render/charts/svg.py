"""SVG as escaped text: elements, the palette, and names made safe to show."""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from typing import Any

from markupsafe import Markup, escape

LIGHT = {
    "blue": "#2C51BE", "rust": "#A84717", "sage": "#679E8F", "grey": "#6B7280",
    "ink": "#1b1f24", "muted": "#57606a", "rule": "#d8dde3", "paper": "#ffffff",
}  # fmt: skip
"""Fallbacks for viewers that drop the style sheet; `style.css` has the same names as variables."""


def element(name: str, *children: str | Markup, **attributes: Any) -> Markup:
    """One element. Children that are not Markup are escaped; `_` in an attribute's name is `-`, `class_` is `class`."""
    head = f"<{name}" + "".join(_attribute(key, value) for key, value in attributes.items() if value is not None)
    if not children:
        return Markup(head + "/>")
    body = "".join(child if isinstance(child, Markup) else str(escape(shown_name(child))) for child in children)
    return Markup(f"{head}>{body}</{name}>")


def joined(*parts: Markup) -> Markup:
    """Elements one after another."""
    return Markup("".join(parts))


def fill(color: str) -> dict[str, str]:
    """A fill that follows the theme, with its fallback."""
    return {"class_": f"f-{color}", "fill": LIGHT[color]}


def stroke(color: str) -> dict[str, str]:
    """A line that follows the theme, with its fallback."""
    return {"class_": f"s-{color}", "fill": "none", "stroke": LIGHT[color]}


def text(content: str, x: str | float, y: float, *, color: str = "muted", anchor: str = "start", **more: Any) -> Markup:
    """A line of text; `bold=True` for weight 600."""
    weight = "600" if more.pop("bold", False) else None
    end = None if anchor == "start" else anchor
    return element("text", content, x=x, y=y, text_anchor=end, font_weight=weight, **fill(color), **more)


def figure(chart_id: str, title: str, description: str, height: float, *body: Markup, **attributes: Any) -> Markup:
    """A chart as wide as its place, named and described for those who do not see it."""
    return element(
        "svg",
        element("title", title, id=f"{chart_id}-title"),
        element("desc", description, id=f"{chart_id}-desc"),
        *body,
        class_=attributes.pop("class_", "chart"),
        role="img",
        aria_labelledby=f"{chart_id}-title {chart_id}-desc",
        width=attributes.pop("width", "100%"),
        height=height,
        font_size="12",
        font_family="system-ui, sans-serif",
        **attributes,
    )


def shown_name(name: str) -> str:
    """A name without characters that hide, reorder or break text."""
    return "".join("�" if _hidden(char) else char for char in str(name))


def clipped(name: str, most: int) -> str:
    """A name cut to so many characters."""
    name = shown_name(name)
    return name if len(name) <= most else name[: most - 1] + "…"


def percent_of(part: Decimal | float, whole: Decimal | float) -> str:
    """A length as a percentage of its place, for attributes."""
    return f"{number(100 * float(part) / float(whole)) if whole else 0}%"


def number(value: float) -> str:
    """A coordinate with at most two decimals and no trailing zeros."""
    cut = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if cut == "-0" else cut


def _attribute(name: str, value: Any) -> str:
    plain = number(value) if isinstance(value, float) else shown_name(str(value))
    return f' {name.rstrip("_").replace("_", "-")}="{escape(plain)}"'


def _hidden(char: str) -> bool:
    return char not in "\n\t" and unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
