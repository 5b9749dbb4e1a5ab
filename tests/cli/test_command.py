"""A command with a parser of its own gets its arguments untouched, by either way in."""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Callable

import pytest

from nbatool.cli import app
from nbatool.cli.command import own_parser
from nbatool.cli.options import Options


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Options, list[str]]]:
    """A stand-in for `decide` that keeps what it was called with and exits with 4."""
    kept: list[tuple[Options, list[str]]] = []

    def run(options: Options, arguments: list[str]) -> int:
        kept.append((options, arguments))
        return 4

    module = types.ModuleType("nbatool.cli.decide")
    module.run = run  # type: ignore[attr-defined]
    module.command = own_parser("decide", "JSON in, JSON out.", run)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "nbatool.cli.decide", module)
    return kept


def test_the_door_calls_it_without_typer(
    calls: list[tuple[Options, list[str]]], nbatool: Callable[..., tuple[int, str, str]]
) -> None:
    assert nbatool("decide", "-", "--timing", "--seed", "3", "--help")[0] == 4
    assert calls == [(Options(seed=3), ["-", "--timing", "--help"])]


def test_typer_forwards_to_it(
    calls: list[tuple[Options, list[str]]],
    nbatool: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app, "OWN_PARSERS", ())
    assert nbatool("decide", "--seed=3", "-", "--timing", "--help")[0] == 4
    assert calls == [(Options(seed=3), ["-", "--timing", "--help"])]


def test_it_is_listed(
    calls: list[tuple[Options, list[str]]], nbatool: Callable[..., tuple[int, str, str]]
) -> None:
    assert re.search(r"^  decide +JSON in, JSON out\.$", nbatool("--help")[1], re.M)
    assert calls == []
