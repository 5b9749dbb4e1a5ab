"""Files of consent are told from files of events."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_guess_workspace import lines, working

from nbatool.ingest.guess import guess_workspace, render_report

EVENTS = "user_id,event,ts,amount\n" + "".join(
    f"u{n % 20},purchase,2023-0{1 + n // 25}-{1 + n % 25:02d},{n}.5\n" for n in range(100)
)


def consent(head: str, *cells: str) -> str:
    channels = ("email", "sms")
    return f"{head}\n" + "".join(
        f"u{n % 20},{channels[n % 2]},{cells[n % len(cells)]},2022-0{1 + n // 20}-{1 + n % 20:02d}\n"
        for n in range(60)
    )


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("state", ("in", "out")),
        ("status", ("Opt-in", "Opt-out")),
        ("status", ("granted", "revoked", "yes")),
        ("consent", ("yes", "no")),
        ("marketing_opt_in", ("true", "false")),
        ("subscribed", ("1", "0")),
    ],
)
def test_consent(tmp_path: Path, name: str, cells: tuple[str, ...]) -> None:
    guess = working(tmp_path, e__csv=EVENTS, c__csv=consent(f"user_id,channel,{name},updated_at", *cells))
    assert guess.sources[1].kind == "consent"
    found = lines(guess, 1)
    assert found == {
        "customer_id": "user_id", "ts": found["ts"], "channel": "channel", "state": name,
    }  # fmt: skip
    assert "updated_at" in found["ts"]
    assert "consent: 60 rows" in render_report(guess, 100)


def test_several_purposes_are_asked_about(tmp_path: Path) -> None:
    cells = ("marketing,in", "service,out", "marketing,out")
    guess = working(tmp_path, e__csv=EVENTS, c__csv=consent("user_id,channel,purpose,consent,ts", *cells))
    assert lines(guess, 1)["purpose"] == "purpose"
    assert any("whatever its purpose" in question.text for question in guess.questions)


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("status", ("yes", "no")),
        ("status", ("sent", "opened")),
        ("state", ("in", "out", "delivered")),
        ("opened", ("1", "0")),
    ],
)
def test_other_states_are_none(tmp_path: Path, name: str, cells: tuple[str, ...]) -> None:
    path = tmp_path / "c.csv"
    path.write_text(consent(f"user_id,channel,{name},ts", *cells))
    assert "consent" not in {source.kind for source in guess_workspace([path], tmp_path).sources}
