"""Fills the generated parts of README.md from the program itself: `python -m tests.docs`. A test fails when they are stale."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"


def commands_table() -> str:
    """Every command with its one line of help."""
    import typer

    from finops.cli.app import application

    rows = ["| command | what it does |", "|---|---|"]
    group = typer.main.get_command(application())
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        for called, one in [(f"{name} {sub}", c) for sub, c in getattr(command, "commands", {}).items()] or [(name, command)]:
            usage = " ".join(p.name.upper() for p in one.params if p.param_type_name == "argument")
            rows.append(f"| `finops {called}{' ' + usage if usage else ''}` | {_first_line(one.help)} |")
    return "\n".join(rows)


def shared_table() -> str:
    """The options that every command takes."""
    from finops.cli.options import shared_parameters

    rows = ["| option | meaning |", "|---|---|"]
    for parameter in shared_parameters():  # typer keeps the first name as the default in this form
        option = parameter.annotation.__metadata__[0]
        names = (option.default, *option.param_decls)
        rows.append(f"| {', '.join(f'`{name}`' for name in names)} | {option.help} |")
    return "\n".join(rows)


def sources_table() -> str:
    """Every source, what it reads and what it delivers."""
    from finops import sources

    rows = ["| source | reads | delivers |", "|---|---|---|"]
    for name in sources.names():
        one = sources.source(name)
        rows.append(f"| `{name}` | {one.title} | {', '.join(one.contracts)} |")
    return "\n".join(rows)


def metrics_table() -> str:
    """Every metric of the registry."""
    from finops.core import metrics

    rows = ["| metric | unit | meaning |", "|---|---|---|"]
    rows += [f"| `{m.id}` | {m.unit} | {m.label}: {m.formula} |" for m in metrics.METRICS]
    return "\n".join(rows)


def contracts_table() -> str:
    """What a mapping may fill: every contract with its columns, those that must be there first."""
    from finops.core.contracts import CONTRACTS

    kinds = {"text": "", "map": " (map)", "time": " (time)", "int": " (count)", "float": " (number)", "bool": " (yes or no)"}
    rows = ["| contract | must have | may have |", "|---|---|---|"]
    for contract in CONTRACTS.values():
        told = {f.name: f"`{f.name}`{kinds.get(f.kind, '')}" for f in contract.fields}
        must = [told[f.name] for f in contract.fields if f.required]
        may = [told[f.name] for f in contract.fields if not f.required]
        rows.append(f"| `{contract.name}`: {contract.meaning} | {', '.join(must) or '–'} | {', '.join(may)} |")
    return "\n".join(rows)


PARTS: dict[str, Callable[[], str]] = {
    "sources": sources_table,
    "commands": commands_table,
    "shared": shared_table,
    "metrics": metrics_table,
    "contracts": contracts_table,
}


def filled(text: str) -> str:
    """The text with every generated part made anew."""
    for name, part in PARTS.items():
        pattern = re.compile(rf"(<!-- generated: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        text = pattern.sub(lambda m, body=part(): f"{m[1]}{body}\n{m[2]}", text)  # type: ignore[misc]
    return text


def _first_line(text: str | None) -> str:
    return (text or "").strip().split("\n")[0].replace("|", "\\|")


if __name__ == "__main__":
    README.write_text(filled(README.read_text(encoding="utf-8")), encoding="utf-8")
