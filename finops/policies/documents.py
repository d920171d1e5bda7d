"""Texts of exported files: YAML with plain decimals and fixed order, JSON lines, and amounts that never round up."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import ROUND_DOWN, Decimal
from typing import Any

_CENT_OF_A_CENT = Decimal("0.0001")


def plain(number: Decimal) -> str:
    """A decimal without exponent or trailing zeros."""
    text = format(number, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def limit(amount: Decimal, share: Decimal = Decimal(1)) -> Decimal:
    """`amount` x `share`, rounded down to a hundredth of a cent: what is enforced is never looser than what was asked for."""
    return (amount * share).quantize(_CENT_OF_A_CENT, rounding=ROUND_DOWN)


def yaml_text(document: Mapping[str, Any], head: Iterable[str] = ()) -> str:
    """The document as YAML in the order given; decimals are numbers without exponent, which every YAML reader takes for one."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the base's name
            return True

    Dumper.add_representer(Decimal, _decimal)
    Dumper.add_representer(str, _string)
    body = yaml.dump(document, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120)
    return "".join(f"# {line}\n" for line in head) + body


def json_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """One JSON object a line. Decimals are numbers, written out in full."""
    return "".join(_json(row) + "\n" for row in rows)


def _json(value: Any) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key, ensure_ascii=False)}: {_json(item)}" for key, item in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def _string(dumper: Any, text: str) -> Any:
    """Names are hostile: characters that YAML folds as line breaks are written as escapes."""
    style = '"' if any(not character.isprintable() for character in text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _decimal(dumper: Any, number: Decimal) -> Any:
    text = plain(number)
    return dumper.represent_scalar("tag:yaml.org,2002:float" if "." in text else "tag:yaml.org,2002:int", text)
