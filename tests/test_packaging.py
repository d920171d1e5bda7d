"""The wheel holds exactly what the checkout tracks, and works alone."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MOVED = {"pricing/": "finops/_bundled/pricing/", "reports/templates/": "finops/_bundled/reports/templates/"}
MOVED["sample_data/"] = "finops/_bundled/sample_data/"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(out.glob("*.whl"))


def test_wheel_equals_what_git_tracks(wheel: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    expected = set()
    for name in listed.stdout.decode().split("\0"):
        for old, new in {**MOVED, "finops/": "finops/"}.items():
            if name.startswith(old) and (ROOT / name).is_file():
                expected.add(new + name.removeprefix(old))
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == expected


def test_demo_runs_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=False)
    python = tmp_path / "env" / "bin" / "python"
    site = next((tmp_path / "env" / "lib").glob("python*/site-packages"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    # The dependencies come from this environment by path, which leaves out its editable link to the checkout.
    environment = {**os.environ, "PYTHONPATH": sysconfig.get_paths()["purelib"]}
    empty = tmp_path / "empty"
    empty.mkdir()
    where = "import finops; print(finops.__file__)"
    home = subprocess.run([python, "-c", where], env=environment, cwd=empty, capture_output=True, text=True, check=True).stdout
    assert str(site) in home
    ran = subprocess.run(
        [python, "-m", "finops", "demo"], env=environment, cwd=empty, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "report.html" in ran.stdout
    assert list(empty.rglob("report.html"))
