"""[guardrails]: what is read, and that rules which contradict each other are refused with their line."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbatool.base.config import Config, load_config
from nbatool.base.errors import ConfigError

GOOD = """
[guardrails]
max_contacts = [{ channel = "email", limit = 2, window = "7d" }, { limit = 3, window = "7d" }]
min_gap = { same_action = "14d", tags = { promo = "3d" }, channels = { sms = "1d" } }
quiet_hours = [{ start = "21:00", end = "08:00", channels = ["sms", "push"] }]
require_consent = ["email", "sms"]
reach = { push = "has_app" }
suppress = [{ when = "open_complaint", reason = "complains", tag = "promo" }]
unconfirmed_after = "2d"
"""


def load(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "nba.toml"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


def test_what_is_read(tmp_path: Path) -> None:
    found = load(tmp_path, GOOD).guardrails
    assert [(c.subject, c.limit, c.window) for c in found.max_contacts] == [
        (("channel", "email"), 2, 604800),
        (None, 3, 604800),
    ]
    assert (found.quiet_hours[0].start, found.quiet_hours[0].end) == (75_600, 28_800)
    assert (found.unconfirmed_after, found.longest_window_s) == (172_800, 14 * 86_400)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('max_contacts = [{ limit = 0, window = "7d" }]', "0 contacts in 7d reaches nobody ever"),
        ('max_contacts = [{ limit = -1, window = "7d" }]', "must not be negative"),
        ('max_contacts = [{ limit = 1, window = "7d", tag = "a", channel = "b" }]', "say one of them"),
        ('quiet_hours = [{ start = "8", end = "9:00" }]', 'must be a time of day such as "21:00"'),
        ('quiet_hours = [{ start = "08:00", end = "08:00" }]', "quiet all day"),
        ('quiet_hours = [{ start = "08:00", end = "20:00" }, { start = "19:00", end = "09:00" }]', "quiet all day for every"),
        ('min_gap = { same_acton = "3d" }', "same_acton"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused_with_its_line(tmp_path: Path, said: str, told: str) -> None:
    with pytest.raises(ConfigError) as found:
        load(tmp_path, f"[guardrails]\n{said}\n")
    assert told in str(found.value)
    assert "nba.toml:2" in str(found.value)
