"""docs/guardrails.md: each example is one that nba.toml takes, and the worked one routes leads as it says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nbatool.base.config import Config
from nbatool.base.expressions import Kind
from nbatool.decide.catalogue import compile_catalogue
from nbatool.decide.compile_guardrails import compile_guardrails
from nbatool.decide.contact_rules import NO_CONTACTS
from nbatool.decide.decision import NO_WISHES, STEPS
from nbatool.decide.funnel import Funnel
from nbatool.decide.guardrails import Circumstances
from nbatool.features.customer import CustomerFeatures
from nbatool.ingest.catalogue import load_catalogue

DOC = Path(__file__).parents[2] / "docs" / "guardrails.md"
EXAMPLES = re.findall(r"^```toml\n(.*?)^```", DOC.read_text(encoding="utf-8"), re.M | re.S)
NAMES = ("seats", "days_since_last_visit", "has_open_deal")
KINDS: dict[str, Kind] = {
    "language": "text",
    **dict.fromkeys(NAMES[:2], "number"),
    "has_open_deal": "boolean",
}


@pytest.mark.parametrize("text", EXAMPLES, ids=range(len(EXAMPLES)))
def test_each_example_is_read(text: str) -> None:
    """As the tables are declared, whether this version enforces all of them or not."""
    config = Config.model_validate(tomllib.loads(text))
    assert list(config.guardrails.problems()) == []


def test_the_funnel_is_told_in_its_order() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", DOC.read_text(encoding="utf-8"), re.M)
    assert tuple(rows) == STEPS


def lead(seats: float, language: str | None, since: float = 3.0, open_deal: float = 0.0) -> CustomerFeatures:
    said = np.empty(1, dtype=object)
    said[0] = language
    pairs: Any = None
    return CustomerFeatures(
        np.full(1, 12 * 3_600_000_000), np.array([[seats, since, open_deal]]), {"language": said}, pairs
    )


@pytest.mark.parametrize(
    ("who", "english", "german", "key"),
    [
        (lead(20, "de"), "eligible", "", "eligible"),
        (lead(150, "en"), "", "eligible", ""),
        (lead(150, "en", since=20), "", "eligible", "applicable"),
        (lead(2000, "de"), "eligible", "eligible", "review"),
        (lead(np.nan, "de"), "eligible", "", "eligible"),
        (lead(20, None), "eligible", "eligible", "eligible"),
        (lead(20, "de", open_deal=1.0), "eligible", "suppressed", "eligible"),
    ],
)
def test_leads_go_to_desks_that_can_serve_them(
    who: CustomerFeatures, english: str, german: str, key: str
) -> None:
    config = Config.model_validate(tomllib.loads(EXAMPLES[-1]))
    catalogue = compile_catalogue(
        load_catalogue(config), KINDS, every_channel=False, allow_nothing=True, file="nba.toml"
    )
    guards = compile_guardrails(config, catalogue, KINDS)
    plan: Any = SimpleNamespace(names=NAMES)
    told = Circumstances(NO_CONTACTS, np.full((1, len(guards.channels)), -1, np.int8), [None], live=True)
    codes = Funnel(catalogue, plan, guards).removed(who, {}, NO_WISHES, told)[0].tolist()
    found = {o.action.id: STEPS[c - 1] if c else "" for o, c in zip(catalogue.offers, codes, strict=True)}
    assert found == {"english_desk": english, "german_desk": german, "key_accounts": key}
