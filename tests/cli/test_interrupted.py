"""Ctrl-C: its own exit code, and one sentence that says where things stand."""

from __future__ import annotations

from typing import Any

import pytest

from finops.cli.app import run


def test_ctrl_c_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("finops.steps.costs.cost.cost", stopped)
    assert run(["cost"]) == 130
    assert capsys.readouterr().err == "interrupted: nothing was half written\n"
