"""What `demo` says of the truth."""

from __future__ import annotations

import pytest

from nbatool.cli.demo import truth_text
from nbatool.world.truth import PlanValue


@pytest.mark.parametrize("width", [80, 100])
def test_the_truth_fits(width: int) -> None:
    truth = PlanValue(8_000, 6_078, 23_046.4, 27_909.0, 9_155.0, "ten_percent_off")
    text = truth_text(truth, width)
    assert max(map(len, text.splitlines())) <= width
    assert " ".join(text.split()) == (
        "truth (only a made-up shop knows it) the plan is worth $23,046, the best single action (ten_percent_off) "
        "$9,155, the best possible $27,909"
    )
