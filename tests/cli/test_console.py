"""Tables fit, pipes are plain, quiet is silent."""

from __future__ import annotations

import pytest

from nbatool.cli.console import Column, Console, table_text


def test_a_piped_table_is_plain_and_whole() -> None:
    long = "x" * 300
    text = table_text(
        [Column("name"), Column("rows", right=True)], [("a", "1,000"), (long, 7), ("[b]é", None)]
    )
    assert text.splitlines() == [
        f"{'name':<300}   rows",
        f"{'a':<300}  1,000",
        f"{long}      7",
        "[b]é",
    ]


def test_quiet_keeps_data_and_drops_talk(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(quiet=True)
    console.talk("talk")
    console.summary({"a": 1}, "summary")
    console.data({"a": 1}, "data")
    assert tuple(capsys.readouterr()) == ("data\n", "")


def test_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(json=True, quiet=True)
    console.summary({"name": "é", "rows": 1}, "summary")
    assert tuple(capsys.readouterr()) == ('{"name": "é", "rows": 1}\n', "")
    with pytest.raises(ValueError, match="JSON"):
        console.object({"x": float("nan")})


def test_talk_and_detail_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    Console().talk("talk")
    Console().detail("no")
    Console(verbose=True).detail("detail")
    assert tuple(capsys.readouterr()) == ("", "talk\ndetail\n")


def test_progress_is_silent_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Console().progress("train") as step:
        step(5, 10)
    assert tuple(capsys.readouterr()) == ("", "")
