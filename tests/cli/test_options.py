"""Global options stand before or after the command, and mean the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbatool.base.errors import UsageError
from nbatool.cli.options import Options, split_options

GIVEN = (
    ["-w", "shop"],
    ["--json"],
    ["--seed=7"],
    ["--wait", "10m"],
    ["--as-of", "2018-08-25"],
    ["-q"],
)


@given(st.permutations(range(len(GIVEN))), st.integers(0, len(GIVEN)))
def test_the_place_does_not_matter(order: list[int], before: int) -> None:
    parts = [GIVEN[index] for index in order]
    arguments = [word for part in parts[:before] for word in part]
    arguments += ["score", "--top", "3"] + [word for part in parts[before:] for word in part]
    options, rest = split_options(arguments)
    assert rest == ["score", "--top", "3"]
    assert options == Options(
        workspace=Path("shop"), json=True, quiet=True, as_of="2018-08-25", seed=7, wait_s=600
    )


def test_nothing_is_taken_after_two_dashes() -> None:
    options, rest = split_options(["ingest", "--", "--json", "-w"])
    assert (options, rest) == (Options(), ["ingest", "--", "--json", "-w"])


def test_the_standard_streams_sign_is_left_alone() -> None:
    assert split_options(["decide", "-", "--timing"])[1] == ["decide", "-", "--timing"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["status", "-w"], "-w needs a value: -w DIR"),
        (["--json=1"], "--json takes no value"),
        (["--seed", "x"], '--seed: "x" is not a whole number from 0 to 2^63 - 1'),
        (["--seed", "-1"], '--seed: "-1" is not a whole number from 0 to 2^63 - 1'),
        (["--wait", "10"], '--wait: "10" is not a duration'),
        (["--as-of", "soon"], '--as-of: "soon" is not a time'),
        (["-q", "-v"], "--quiet and --verbose contradict each other"),
    ],
)
def test_mistakes(arguments: list[str], expected: str) -> None:
    with pytest.raises(UsageError) as caught:
        split_options(arguments)
    assert str(caught.value).startswith(expected)
