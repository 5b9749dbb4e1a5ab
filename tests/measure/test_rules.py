"""Hand-written rules: the first that holds decides; what is wrong with a file is all said at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nbatool.base.errors import ConfigError
from nbatool.measure.rules import read_rules, rule_names, ruled

KINDS = {"size": "number", "town": "text"}
AMONG = [("coupon", "web"), ("mail", "email"), ("mail", "sms"), ("nothing", None)]


def rules(tmp_path: Path, text: str) -> object:
    path = tmp_path / "rules.toml"
    path.write_text(text)
    return read_rules(path, KINDS, AMONG)  # type: ignore[arg-type]


def test_the_first_rule_that_holds_decides_else_nothing(tmp_path: Path) -> None:
    found = rules(
        tmp_path,
        '[[rule]]\nwhen = "size > 2"\naction = "mail"\nchannel = "sms"\n'
        "[[rule]]\nwhen = \"town = 'north' or context.page = 'home'\"\naction = \"coupon\"\n"
        '[[rule]]\nwhen = "size < 1"\naction = "nothing"\n'
        '[[rule]]\nwhen = "size < 2"\naction = "mail"\n',
    )
    columns = {
        "size": np.array([3.0, 3.0, 0.0, 1.0, np.nan, 2.0]),
        "town": np.array(["north", None, "south", "south", "north", "south"], dtype=object),
    }
    assert ruled(found, columns, 6, 4).tolist() == [2, 2, 3, 1, 0, 3]  # type: ignore[arg-type]
    home = columns | {"context.page": np.array(["home"] * 6, dtype=object)}
    assert ruled(found, home, 6, 4).tolist() == [2, 2, 0, 0, 0, 0]  # type: ignore[arg-type]
    assert rule_names(found) == {"size", "town", "context.page"}  # type: ignore[arg-type]


def test_a_rule_without_a_condition_always_holds(tmp_path: Path) -> None:
    found = rules(tmp_path, '[[rule]]\naction = "coupon"\n')
    assert ruled(found, {}, 3, 4).tolist() == [0, 0, 0]  # type: ignore[arg-type]


def test_everything_wrong_with_a_file_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        rules(
            tmp_path,
            '[[rule]]\nwhen = "size > 2"\n'
            '[[rule]]\nwhen = "siez > 2"\naction = "mail"\n'
            '[[rule]]\naction = "mial"\n'
            '[[rule]]\naction = "mail"\nchannel = "web"\n'
            '[[rule]]\naction = "mail"\nif = "size > 2"\n',
        )
    said = str(raised.value)
    for part in (
        'rule 1: "action" is missing', "rule 2:", "siez", 'rule 3: no action "mial"; did you mean "mail"?',
        'rule 4: "mail" does not go out by "web" (but by email, sms)', 'rule 5: unknown key "if"',
    ):  # fmt: skip
        assert part in said
    assert "rules.toml" in said


@pytest.mark.parametrize(
    "text", ["", "rule = 3", '[[rule]]\naction = "mail"\n[other]\n', "[[rule", "rule = []"]
)
def test_what_is_no_rules_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"rules\.toml"):
        rules(tmp_path, text)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read as rules"):
        read_rules(tmp_path / "none.toml", {}, AMONG)


def test_each_problem_has_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        rules(
            tmp_path,
            '[[rule]]\nwhen = "size > 2"\naction = "mial"\n\n[[rule]]\nwhen = "siez > 2"\naction = "mail"\n'
            '[[rule]]\naction = "mail"\nchannel = "web"\n',
        )
    assert [problem.line for problem in raised.value.problems] == [3, 6, 10]
