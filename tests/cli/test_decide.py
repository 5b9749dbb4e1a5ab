"""What `decide` takes for its input."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from calls import call

Nbatool = Callable[..., tuple[int, str, str]]

LINES = '{"customer_id": "c000007"}\n{"customer_id": "c000008"}\n'
PRINTED = '{\n  "customer_id": "c000007"\n}\n'


@pytest.mark.parametrize(("text", "n"), [(LINES, 2), (PRINTED, 1), ("", 0)])
def test_a_byte_order_mark_is_no_part_of_the_first_request(
    text: str, n: int, trained_world: Path, tmp_path: Path, nbatool: Nbatool
) -> None:
    file = tmp_path / "requests.ndjson"
    file.write_text(text, encoding="utf-8-sig")
    code, out, err = nbatool(
        "decide", "-w", str(trained_world), "--dry-run", "--as-of", "2018-07-02", str(file)
    )
    answers = [json.loads(line) for line in out.splitlines()]
    assert (code, err, len(answers)) == (0, "", n)
    assert [answer["customer_id"] for answer in answers] == ["c000007", "c000008"][:n]


def test_a_byte_order_mark_in_a_stream(trained_world: Path) -> None:
    said = call(trained_world, "decide", "--dry-run", stdin="\ufeff" + LINES)
    assert [answer["customer_id"] for answer in said.rows] == ["c000007", "c000008"]
    # only at the start: further on it is a character like any other
    assert "error" in call(trained_world, "decide", stdin="{}\n\ufeff{}\n", code=4).rows[1]


def test_a_request_given_as_an_argument(tmp_path: Path, nbatool: Nbatool) -> None:
    code, out, err = nbatool("decide", "-w", str(tmp_path), '{"customer_id":"x"}')
    assert (code, out) == (2, "")
    assert "requests come on standard input or from a file:" in err
    assert '  echo \'{"customer_id":"x"}\' | nbatool decide\n' in err


def test_strangers_are_told_apart(trained_world: Path, tmp_path: Path) -> None:
    shop = Path(shutil.copytree(trained_world, tmp_path / "shop"))
    asked = '{"customer_id": "c000007"}\n{"customer_id": "x1"}\n{"customer_id": 7}\n{}\n'
    done = call(shop, "decide", stdin=asked)
    assert [answer.get("known") for answer in done.rows] == [None, False, False, None]
    assert done.err == "2 of 3 requests named customers that are not known\n"
    assert call(shop, "decide", "-q", stdin=asked).err == ""
    came = '{"customer_id": "x1", "events": [{"type": "purchase", "value": 5, "event_id": "e1"}]}\n'
    first, again = call(shop, "decide", stdin=came + '{"customer_id": "x1"}\n').rows
    # Nothing was known of x1 when it was first asked about; then its purchase was.
    assert (first["known"], again.get("known")) == (False, None)


def test_before_anything_is_trained(shop: Path, nbatool: Nbatool, monkeypatch: pytest.MonkeyPatch) -> None:
    def said(*arguments: str) -> tuple[int, str]:
        code, _, err = nbatool(*arguments)
        return code, err

    steps = (
        "has no published state yet. Make one: nbatool train, then nbatool score (no model is trained yet)\n"
    )
    assert said("decide", "-") == (4, f"{shop / 'data'} {steps}")
    assert nbatool("ingest", "-q")[0] == 0
    assert said("score") == (4, "no model is trained yet. Run: nbatool train\n")
    monkeypatch.chdir(shop.parent)
    here = "nbatool -w shop"
    code, err = said("decide", "-w", "shop", "-")
    assert (code, err.split("Make one: ")[1]) == (
        4, f"{here} train, then {here} score (no model is trained yet)\n",
    )  # fmt: skip
    assert said("score", "-w", "shop") == (4, f"no model is trained yet. Run: {here} train\n")
    assert (
        said("parity", "-w", "shop")[1].split("Make one: ")[1].startswith(f"{here} train, then {here} score")
    )


def test_scoring_before_everything_loaded(trained_world: Path, tmp_path: Path, nbatool: Nbatool) -> None:
    shop = str(shutil.copytree(trained_world, tmp_path / "shop"))
    code, out, err = nbatool("score", "-w", shop, "--as-of", "2010-01-01")
    assert (code, out) == (4, "")
    assert err.startswith(
        "nothing is known before 2010-01-01T00:00:00Z: the first event or customer loaded is of 20"
    )
    code, out, err = nbatool("score", "-w", shop, "--dry-run", "--as-of", "2018-03-01")
    assert (code, err) == (0, "")
    assert "! the model in force learned from data until 2018-07-01" in out


def test_a_choice_nobody_follows_is_said(logged_shop: Path) -> None:
    """Only an apprentice does as the caller says; otherwise the caller is told which setting that needs."""
    asked = '{"customer_id": "c0001", "choice": "banner"}\n{"customer_id": "c0001"}\n'
    followed, plain = call(logged_shop, "decide", "--dry-run", stdin=asked).rows
    (said,) = followed["warnings"]
    assert said.startswith(
        'choice "banner" was not followed: only an apprentice does. Set [exploration] apprentice'
    )
    assert "warnings" not in plain


def test_silence_is_explained(logged_shop: Path) -> None:
    """A customer kept apart is not worth less: nobody may contact them."""
    lines = "".join(f'{{"customer_id": "c{n:04d}", "explain": true}}\n' for n in range(40))
    answers = call(logged_shop, "decide", "--dry-run", stdin=lines).rows
    control = [a for a in answers if a["arm"] == "control"]
    assert control
    for answer in control:
        assert answer["actions"][0]["reasons"] == [
            "control group: never contacted, to measure what the others earn"
        ]
    assert all(action["reasons"] for answer in answers for action in answer["actions"])


def test_a_list_is_of_different_actions_unless_one_is_asked_about(trained_world: Path) -> None:
    everything = "".join(f'{{"customer_id": "c{n:06d}", "top": 9}}\n' for n in range(20))
    survey = '{"customer_id": "c000007", "top": 9, "actions": ["survey"]}'
    *every, one = call(trained_world, "decide", "--dry-run", stdin=everything + survey).rows
    listed = [[action["action_id"] for action in answer["actions"]] for answer in every]
    assert all(len(actions) == len(set(actions)) for actions in listed)
    assert max(map(len, listed)) > 2
    assert {action["action_id"] for action in one["actions"]} <= {"survey", "nothing"}
