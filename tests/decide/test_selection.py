"""From money to a choice: arms, chances and draws fit together, and can be made again."""

from __future__ import annotations

import numpy as np
import pytest

from nbatool.decide.arm_probabilities import Worth
from nbatool.decide.arms import ARMS, ArmShares
from nbatool.decide.exploration import ExplorationTerms
from nbatool.decide.exploration_terms import Method
from nbatool.decide.learned import Beliefs
from nbatool.decide.selection import GREEDY_PRACTICE, Practice, Selection, select
from nbatool.decide.subjects import Subjects
from nbatool.models.posterior import Posterior

N = 4_000
EXPLORING = ExplorationTerms("epsilon", share=0.3, min_probability=0.05, max_loss=10.0)
PRACTICE = Practice(EXPLORING, ArmShares("spring", control=0.2, component_arms=0.3))
IDS = [f"c{i}" for i in range(N)]
NIGHT = Subjects.of_night(IDS, 0, 0)


def worth(n: int = N) -> Worth:
    """Model and levers disagree: candidate 1 is worth most, 2 has the highest uplift, 0 the highest lever."""
    net, uplift = np.tile([1.0, 3.0, 2.0, 0.0], (n, 1)), np.tile([1.0, 2.0, 5.0, 0.0], (n, 1))
    return Worth(net, uplift, np.array([3.0, 2.0, 1.0, 0.0]), np.ones((n, 4), dtype=bool))


def bits(made: Selection) -> list[bytes]:
    return [array.tobytes() for array in made.arrays()]


def test_every_arm_chooses_as_it_should_and_the_overall_chance_mixes_them() -> None:
    made = select(worth(), PRACTICE, NIGHT)
    arms = np.array(ARMS, dtype=object)[made.arm]
    by_arm = {arm: made.in_arm[arms == arm][0].tolist() for arm in ARMS}
    expected = {
        "policy": [0.1, 0.7, 0.1, 0.1], "control": [0, 0, 0, 1], "random": [0.25] * 4,
        "model_only": [0, 0, 1, 0], "rules_only": [1, 0, 0, 0],
    }  # fmt: skip
    for arm, chances in expected.items():
        assert by_arm[arm] == pytest.approx(chances)
    # 0.5 policy, 0.2 control, 0.1 each component.
    mixed = [
        0.5 * 0.1 + 0.1 * 0.25 + 0.1,
        0.5 * 0.7 + 0.025,
        0.5 * 0.1 + 0.025 + 0.1,
        0.5 * 0.1 + 0.2 + 0.025,
    ]
    assert made.overall == pytest.approx(np.tile(mixed, (N, 1)))
    assert (made.in_arm[np.arange(N), made.chosen] > 0).all()
    # Whoever is in which arm: candidates are chosen as often as their overall chance says.
    shares = np.bincount(made.chosen, minlength=4) / N
    assert np.abs(shares - mixed).max() < 4 * np.sqrt(0.25 / N)


def test_one_row_alone_has_the_bits_of_all_rows() -> None:
    whole = select(worth(), PRACTICE, NIGHT)
    for row in range(60):
        one = select(worth(1), PRACTICE, NIGHT.of_rows(slice(row, row + 1)))
        assert bits(one) == [array[row : row + 1].tobytes() for array in whole.arrays()]


def test_nobody_in_particular_gets_the_best() -> None:
    made = select(worth(3), PRACTICE, None)
    assert made.chosen.tolist() == [1, 1, 1]
    assert made.overall.tolist() == made.in_arm.tolist() == [[0, 1, 0, 0]] * 3
    assert (made.arm == ARMS.index("policy")).all()


def test_a_visitor_without_a_name_gets_the_policy_with_its_chances() -> None:
    made = select(worth(50), PRACTICE, Subjects([None] * 50, [f"d{i}" for i in range(50)]))
    assert (made.arm == ARMS.index("policy")).all()
    assert (made.overall == made.in_arm).all()
    assert made.in_arm[0] == pytest.approx([0.1, 0.7, 0.1, 0.1])


def test_without_exploration_and_experiment_the_best_is_certain() -> None:
    made = select(worth(5), GREEDY_PRACTICE, NIGHT.of_rows(slice(5)))
    assert made.overall.tolist() == [[0, 1, 0, 0]] * 5


def test_nothing_possible_but_nothing() -> None:
    only = worth(20)
    only.possible[:, :3] = False
    made = select(only, PRACTICE, NIGHT.of_rows(slice(20)))
    assert (made.chosen == 3).all()
    assert made.overall[:, 3] == pytest.approx(np.ones(20))


@pytest.mark.parametrize("method", ["thompson", "optimistic"])
@pytest.mark.parametrize("experiment", [ArmShares("none"), PRACTICE.experiment])
def test_what_is_believed_by_parts_is_at_once_and_alone(
    method: Method, experiment: ArmShares, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the last bit: some together, all together, and one by the short way through plain Python."""
    arms = [("a", "web"), ("b", "web"), ("c", "web"), ("nothing", None)]
    rng = np.random.default_rng(0)
    learned = Posterior.start(arms, np.full((4, 4), 0.4) + 0.6 * np.eye(4), np.ones(3), noise=1.0)
    phi = rng.normal(size=(40, 3))
    for k in range(30):
        learned.update(phi[k], k % 4, float(rng.normal()))
    beliefs, asked = Beliefs(learned, phi), worth(40)
    asked.possible[3:30:3, 1] = asked.possible[::5, 3] = False
    terms = ExplorationTerms(method, share=0.5, min_probability=0.0, max_loss=10.0, draws=51)
    practice, night = Practice(terms, experiment), NIGHT.of_rows(slice(40))
    whole = select(asked, practice, night, beliefs)
    assert len(np.unique(whole.in_arm, axis=0)) > 5
    assert whole.in_arm.sum(axis=1) == pytest.approx(np.ones(40))
    monkeypatch.setattr("nbatool.decide.learned.CELLS", 51 * 4 * 7)
    assert bits(select(asked, practice, night, beliefs)) == bits(whole)
    for row in range(40):
        one = slice(row, row + 1)
        alone = select(asked.of_rows(one), practice, night.of_rows(one), Beliefs(learned, phi[one]))
        assert bits(alone) == [array[one].tobytes() for array in whole.arrays()]
    with pytest.raises(ValueError, match="share of draws"):
        select(asked, practice, night)
