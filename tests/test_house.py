"""The rules of the house as tests: imports, sizes, streams, start-up, and what may not stand in the repository."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "finops"
FILES = sorted(PACKAGE.rglob("*.py"))
FLOORS = {"core", "sources", "prices", "ledger", "render", "policies", "steps", "cli"}
HEAVY = ("pandas", "duckdb", "pyarrow", "numpy", "boto3", "botocore", "google", "grpc", "jinja2", "sqlglot")
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc"}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def test_every_folder_has_its_floor() -> None:
    folders = {p.name for p in PACKAGE.iterdir() if p.is_dir() and p.name not in ("__pycache__", "_bundled")}
    assert folders == FLOORS


def test_imports_have_no_circle() -> None:
    import grimp

    graph = grimp.build_graph("finops", cache_dir=None)
    for module in sorted(graph.modules):
        for imported in sorted(graph.find_modules_directly_imported_by(module)):
            back = graph.find_shortest_chain(imported, module)
            assert back is None, f"{module} imports {imported}, which leads back: {back}"


def test_the_rooms_do_not_know_each_other() -> None:
    import grimp

    graph = grimp.build_graph("finops", cache_dir=None)
    rooms = ["sources", "prices", "ledger", "render", "policies"]
    for room in rooms:
        for other in rooms:
            if room != other:
                assert not graph.find_shortest_chains(f"finops.{room}", f"finops.{other}"), f"{room} reaches {other}"


@pytest.mark.parametrize("room", ["sources", "policies"])
def test_plug_ins_of_a_room_do_not_know_each_other(room: str) -> None:
    import importlib

    import grimp

    graph = grimp.build_graph("finops", cache_dir=None)
    plug_ins = {f"finops.{room}.{name}" for name in importlib.import_module(f"finops.{room}").MODULES}
    for plug_in in sorted(plug_ins):
        assert not graph.find_modules_directly_imported_by(plug_in) & plug_ins, plug_in


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_file_is_small_named_and_opens_with_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    assert path.stem not in VAGUE
    assert ast.get_docstring(ast.parse(text)), "the first line says what the file is"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_two_files_write_to_the_streams(path: Path) -> None:
    names = {"stdout": "output.py", "stderr": "diagnostics.py"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name) and node.id == "print":
            pytest.fail(f"print on line {node.lineno}")
        if isinstance(node, ast.Attribute) and node.attr in names and isinstance(node.value, ast.Name) and node.value.id == "sys":
            assert path.name in names.values(), f"sys.{node.attr} on line {node.lineno}"


def _loaded_after(arguments: list[str]) -> set[str]:
    code = (
        "import sys, io; sys.argv = ['finops', *%r]\n"
        "sys.stdout = io.TextIOWrapper(io.BytesIO(), encoding='utf-8')\n"
        "from finops.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "sys.stderr.write('\\n'.join(sorted(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code % arguments], capture_output=True, text=True, cwd=ROOT, check=True)
    return {name.split(".")[0] for name in ran.stderr.split("\n")}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["cost", "--help"], ["policy", "--help"]], ids=" ".join)
def test_help_and_version_import_nothing_heavy(arguments: list[str]) -> None:
    assert not _loaded_after(arguments) & set(HEAVY)


def test_no_path_of_a_machine_and_no_package_index() -> None:
    machine = re.compile(r"(?<![A-Za-z0-9_.])/(root|work|home|Users)/[A-Za-z]")
    index = re.compile("(pypi" + r"\.org|files\.pythonhosted|index-url\s*=?\s*http)")
    for path in tracked():
        if path.suffix in {".png", ".parquet", ".gz", ".zst"}:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not machine.search(text), f"{path}: {machine.search(text)}"
        assert not index.search(text), f"{path}: {index.search(text)}"


def test_no_large_file_is_tracked() -> None:
    large = {str(p.relative_to(ROOT)): p.stat().st_size for p in tracked() if p.stat().st_size > 2_500_000}
    assert not large
    sample = sum(p.stat().st_size for p in tracked() if p.is_relative_to(ROOT / "sample_data"))
    assert sample <= 10_000_000
