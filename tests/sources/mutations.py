"""Damage for files, as bytes and by their structure: what exports look like after bad tools, bad disks and bad people."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from random import Random
from typing import Any

ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 10**18, 2**63, 2**64, 10**30, -(10**30), 10**400, 0.1, -0.0, 1e308, 5e-324, float("nan")),
    *(
        float("inf"),
        "",
        " ",
        "NaN",
        "-Infinity",
        "null",
        "NULL",
        "1e400",
        "1e99999",
        "1_000",
        "1,5",
        "٣",
        "0x10",
        "--1",
        "+",
        "1" * 400,
    ),
    *("\x00", "\ud800", "\u202e", "😀" * 3, "e\u0301", "\ufeff", "x" * 5000, "'; DROP TABLE call; --", 'a,b\n"c"', "{", "[]"),
    *(
        "2026-13-45",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00+14:00",
        "2026-10-01T00:00:00.123456789123Z",
        "1e18",
        "253402300800",
    ),
    *([], {}, [[]], [None], [{}], {"": ""}, {"a": [1, "b", None]}, [[["x"]]], {"stringValue": 1}, {"values": {}}),
)
BYTES = (
    b"\0",
    b"\xff",
    b"\xed\xa0\x80",
    b'"',
    b"'",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\n",
    b"\r\n",
    b"\\",
    b"\\u",
    b"-",
    b"e9",
    b"0" * 60,
)


def damaged_bytes(content: bytes, random: Random) -> bytes:
    """Some bytes flipped, cut, doubled or slipped in."""
    found = bytearray(content)
    for _ in range(random.randint(1, 6)):
        at, size = random.randrange(len(found) + 1), random.choice((1, 2, 8, 60, 500))
        match random.randrange(6):
            case 0 if at < len(found):
                found[at] ^= 1 << random.randrange(8)
            case 1 if at < len(found):
                found[at] = random.randrange(256)
            case 2:
                del found[at : at + size]
            case 3:
                found[at:at] = found[at : at + size]
            case 4:
                found[at:at] = random.choice(BYTES)
            case _ if random.random() < 0.3:
                del found[at:]
    return bytes(found)


def damaged_json(document: Any, random: Random) -> str:
    """One document whose keys or values are gone, twice there, or of another kind."""
    twice: list[str] = []
    for _ in range(random.randint(1, 4)):
        document = _changed(document, random, twice)
    text = json.dumps(document, ensure_ascii=random.random() < 0.9 or "\\ud800" in json.dumps(document))
    for key in twice:
        text = text.replace(
            f"{json.dumps(key)}: ", f"{json.dumps(key)}: {json.dumps(random.choice(ODD_VALUES))}, {json.dumps(key)}: ", 1
        )
    return text


def damaged_leaves(document: Any, within: str, random: Random) -> Any:
    """The document with single values changed, only in the items of the lists of that name, which stay as many as they are."""
    places = [place for place in _places(document) if within in place[2][:-2] and not isinstance(place[0][place[1]], dict | list)]
    for _ in range(random.randint(1, 5)):
        if places:
            holder, key, _ = random.choice(places)
            holder[key] = random.choice(ODD_VALUES)
    return document


def _changed(document: Any, random: Random, twice: list[str]) -> Any:
    places = _places(document)
    if not places:
        return random.choice(ODD_VALUES)
    holder, key, _ = random.choice(places)
    match random.randrange(6):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, list):
            holder.insert(key, holder[key])
        case 1:
            twice.append(key)
        case 2 if isinstance(holder, dict):
            holder[key.swapcase()] = holder.pop(key)
        case 3:
            holder[key] = [holder[key]]
        case 4:
            holder[key] = str(holder[key])
        case _:
            holder[key] = random.choice(ODD_VALUES)
    return document


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, Any, tuple[Any, ...]]]:
    """Every place in a document: its holder, its key there, and the keys that lead to it."""
    listed = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = []
    for key, inner in list(listed):
        found.append((value, key, (*path, key)))
        found += _places(inner, (*path, key))
    return found


def damaged_table(content: str, random: Random, delimiter: str = ",") -> tuple[str, int]:
    """A table with odd cells, and with rows or columns gone or doubled; and how many rows it has."""
    header, *rows = list(csv.reader(io.StringIO(content), delimiter=delimiter))
    rows = [[*row] for row in rows if row]
    for _ in range(random.randint(1, 5)):
        row, column = (random.choice(rows) if rows else []), random.randrange(len(header))
        match random.randrange(8):
            case 0 if column < len(row):
                del row[column]
            case 1:
                row.append(_cell(random))
            case 2 if rows:
                rows.append([*row])
            case 3 if random.random() < 0.3:
                header[column] = random.choice((header[column].swapcase(), "", " x ", header[0], "😀"))
            case 4 if len(rows) > 1 and random.random() < 0.3:
                rows.remove(row)
            case _ if column < len(row):
                row[column] = _cell(random)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue(), sum(bool(row) for row in rows)


def _cell(random: Random) -> str:
    value = random.choice(ODD_VALUES)
    text = value if isinstance(value, str) else json.dumps(value)
    return text.replace("\ud800", "?").replace("\0", "?")


Damage = Callable[[bytes, Random], bytes]


def damaged_text(content: bytes, random: Random) -> bytes:
    """Damage by structure where the content is JSON (a document, or one per line) or a table."""
    text = content.decode("utf-8")
    if text.lstrip().startswith(("{", "[")):
        try:
            return damaged_json(json.loads(text), random).encode("utf-8", "surrogatepass")
        except json.JSONDecodeError:
            lines = text.splitlines()
            at = random.randrange(len(lines))
            lines[at] = damaged_json(json.loads(lines[at]), random)
            return "\n".join(lines).encode("utf-8", "surrogatepass")
    return damaged_table(text, random)[0].encode()
