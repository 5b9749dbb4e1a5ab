"""Which event types nobody has loaded are a slip of the pen, and which may be still to come."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbatool.base.config import load_config
from nbatool.base.settings import Config
from nbatool.profile.event_names import is_slip, misspelt, named_types, unheard_of

TARGET = '[[target]]\nname = "t"\nevent = "{}"\nwithin = "7d"\n'


@pytest.mark.parametrize(
    ("name", "meant", "slip"),
    [
        ("purchse", "purchase", True),
        ("page_veiw", "page_view", True),
        ("account_unlokced", "account_unlocked", True),
        ("email_unsubscribed", "email_subscribed", False),
        ("email_subscribed", "email_unsubscribed", False),
        ("account_unlocked", "account_locked", False),
        ("trial_restarted", "trial_started", False),
        ("trial-re-started", "trial-started", False),
        ("trialRestarted", "trialStarted", False),
        ("account_deactivated", "account_reactivated", False),
        ("plan_nonrenewed", "plan_renewed", False),
        ("card_disconnected", "card_connected", False),
        ("subscribe", "unsubscribe", False),
        ("step_1", "step_2", False),
    ],
)
def test_a_prefix_of_a_word_makes_another_name(name: str, meant: str, slip: bool) -> None:
    assert is_slip(name, meant) is slip


def configured(folder: Path, text: str) -> Config:
    (folder / "nba.toml").write_text(text)
    return load_config(folder / "nba.toml")


@pytest.mark.parametrize(
    ("text", "loaded", "refused"),
    [
        (TARGET.format("purchse"), ["purchase", "view"], ["t"]),
        # what looks like the type meant has a place of its own
        ('[roles]\npurchase = ["purchase"]\n' + TARGET.format("purchased"), ["purchase"], []),
        # the role finds events by its other type
        ('[roles]\npurchase = ["order", "purchse"]\n', ["order", "purchase"], []),
        ('[roles]\npurchase = ["order", "purchse"]\n', ["purchase"], ["purchase"]),
        ('[roles]\nunsubscribe = ["email_unsubscribed"]\n', ["email_subscribed"], []),
        (TARGET.format("signup"), ["purchase"], []),
    ],
)
def test_only_a_place_without_any_event_is_refused(
    text: str, loaded: list[str], refused: list[str], tmp_path: Path
) -> None:
    config = configured(tmp_path, text)
    found = misspelt(config, loaded)
    assert [name for name in refused if any(name in p.message for p in found)] == refused
    assert len(found) == len(refused)
    assert all(p.line is not None and "did you mean" in p.message for p in found)
    assert len(unheard_of(config, loaded)) == sum(n.name not in loaded for n in named_types(config))


def test_every_place_that_names_a_type_is_looked_at(tmp_path: Path) -> None:
    config = configured(
        tmp_path,
        '[roles]\npurchase = ["a"]\n[[objective]]\nname = "o"\nevent = "b"\nwithin = "7d"\n'
        + TARGET.format("c")
        + '[[feature]]\nname = "f"\nkind = "count"\ntype = ["d", "e"]\nwithin = "7d"\n',
    )
    assert [named.name for named in named_types(config)] == ["a", "b", "c", "d", "e"]
