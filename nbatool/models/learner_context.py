"""What the fast learner sees: the columns that tell customers apart in what actions do, or those that are configured.

Few on purpose: every coordinate is a coefficient per candidate, to be learned from the outcomes of days. Closed
decisions say which columns are of use (`context_evidence`). Before they say much, the customers' attributes come first
(people chose to record them), then what the models use most, then recency, frequency and money.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nbatool.base.errors import ConfigError, Problem, did_you_mean
from nbatool.base.records import Action
from nbatool.features.choice import as_timestamp
from nbatool.features.customer import CustomerFeatures, FeatureSet
from nbatool.features.kinds import Floats
from nbatool.features.model_input import CustomerInput
from nbatool.features.moments import Moments, prepare_moments
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.models.context_encoder import ContextEncoder
from nbatool.models.context_evidence import (
    MOST_CATEGORIES,
    MOST_DECISIONS,
    NO_EVIDENCE,
    Evidence,
    evidence_of,
    useful,
)
from nbatool.models.posterior_prior import coordinates_among
from nbatool.models.training_data import CHUNK, Training
from nbatool.store.arrow import fetch_arrow
from nbatool.store.sql import statement

if TYPE_CHECKING:
    from nbatool.base.config import Config

ATTRIBUTE_FIRST = 3.0
"""What an attribute is ahead of a feature, in standard deviations of chance: there are many features, and the best of
many does well by chance."""
IMPORTANCE_FIRST = 1.0
"""What the column the models use most is ahead of one they do not use."""
MOST_CUSTOMERS = 20_000
CONTEXT = "context."
UNKNOWN = "; `nbatool features` lists them"
PLAIN_KINDS = ("recency", "count", "sum")
"""Kinds of feature seen while no model says what is useful: recency, frequency, money."""


def fit_context(
    training: Training, customer: CustomerInput, customer_ids: list[str], cards: Iterable[Mapping[str, Any]]
) -> ContextEncoder:
    """Return the encoder of the columns chosen, fitted on the customers of the present.

    Parameters
    ----------
    customer_ids
        Known customers, or a sample of them.
    cards
        Cards of the fitted models, with the importance of their columns.

    Raises
    ------
    ConfigError
        ``[learning] context`` names something that is neither a feature, an attribute nor a ``context.*`` name.
    """
    texts = [a.name for a in training.features.attributes if a.type == "text"]
    numbers = [name for name in customer.names if name not in customer.categorical]
    asked = training.config.learning.context
    if asked:
        if problems := context_problems(training.config, [*numbers, *texts]):
            raise ConfigError(problems)
        chosen_texts = [name for name in asked if name in texts or name.startswith(CONTEXT)]
        chosen = [name for name in asked if name in numbers]
    else:
        chosen, chosen_texts = _useful(training, customer, numbers, texts, cards)
    if not customer_ids:
        return ContextEncoder.unfitted(chosen, chosen_texts)
    return _fitted(training, customer, customer_ids, chosen, chosen_texts)


def context_problems(config: Config, known: Sequence[str]) -> list[Problem]:
    """Return a problem for every name of ``[learning] context`` that is neither known nor a ``context.*`` name."""
    return [
        config.problem(
            f'[learning] context: no feature or attribute "{name}"{did_you_mean(name, known) or UNKNOWN}',
            "learning",
            "context",
        )
        for name in config.learning.context
        if name not in known and not name.startswith(CONTEXT)
    ]


def _useful(
    training: Training,
    customer: CustomerInput,
    numbers: list[str],
    texts: list[str],
    cards: Iterable[Mapping[str, Any]],
) -> tuple[list[str], list[str]]:
    """The columns of most use that fit, best first: numbers, texts."""
    found = _evidence(training, customer, numbers, texts)
    prior = _prior(training, cards)
    asked = {name: prior.get(name, 0.0) for name in (*numbers, *texts)}
    days = durations(training.features)
    widths = {name: 2 for name in numbers if name in days} | dict.fromkeys(texts, 1 + MOST_CATEGORIES)
    best = useful(found, asked, coordinates_for(training.actions), widths)
    return [name for name in best if name in numbers], [name for name in best if name in texts]


def seen_by_fast_learner(config: Config, names: Sequence[str]) -> frozenset[str]:
    """Return which columns of customer and request it may see: those configured, else all but what requests say."""
    asked = config.learning.context
    return frozenset(name for name in names if (name in asked if asked else not name.startswith(CONTEXT)))


def durations(features: FeatureSet) -> frozenset[str]:
    """Return the columns that are days since something."""
    return frozenset(feature.name for feature in features.plan.features if feature.kind == "recency")


def coordinates_for(actions: Sequence[Action]) -> int:
    """Return how many coordinates fit beside the constant, given the catalogue.

    >>> coordinates_for([Action("a", "a", ("email", "push"))])
    31
    """
    candidates = 1 + sum(max(len(action.channels), 1) for action in actions)
    return coordinates_among(candidates)


def _prior(training: Training, cards: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """What speaks for a column before any decision closed."""
    share: dict[str, float] = {}
    for card in cards:
        found = card.get("importance") or {}
        for entries in found.values() if isinstance(found, Mapping) else [found]:
            for entry in entries:
                share[entry["feature"]] = share.get(entry["feature"], 0.0) + entry["share"]
    most = max(share.values(), default=0.0) or 1.0
    prior = {name: IMPORTANCE_FIRST * found / most for name, found in share.items()}
    for feature in training.features.plan.features:
        if feature.kind in PLAIN_KINDS:
            prior[feature.name] = prior.get(feature.name, 0.0) + 0.5 * IMPORTANCE_FIRST
    for attribute in training.features.attributes:
        if attribute.type != "time":
            prior[attribute.name] = prior.get(attribute.name, 0.0) + ATTRIBUTE_FIRST
    return prior


def _evidence(training: Training, customer: CustomerInput, numbers: list[str], texts: list[str]) -> Evidence:
    """What the closed decisions of before the cut say about the columns."""
    until_us = training.as_of_us - OutcomeTerms.of(training.config).closes_us(0)
    asked = {"most": MOST_DECISIONS, "until": as_timestamp(until_us)}
    closed = fetch_arrow(training.con, statement("models/closed_newest"), asked)
    if not len(closed):
        return NO_EVIDENCE
    moments = Moments(
        closed["customer_id"].to_pylist(), np.asarray(closed["as_of_us"].to_numpy(), dtype=np.int64)
    )
    chosen = list(zip(closed["action_id"].to_pylist(), closed["channel"].to_pylist(), strict=True))
    code = {arm: k for k, arm in enumerate(sorted(set(chosen), key=str))}
    arm = np.array([code[each] for each in chosen], dtype=np.int64)
    values, words = _columns(training, customer, moments, numbers, texts)
    outcome = np.asarray(closed["outcome"].to_numpy(), dtype=np.float64)
    chance = np.array(
        [np.nan if p is None else p for p in closed["probability"].to_pylist()], dtype=np.float64
    )
    days = durations(training.features)
    return evidence_of(values, words, arm, outcome, chance, most_categories=MOST_CATEGORIES, durations=days)


def _fitted(
    training: Training, customer: CustomerInput, ids: list[str], numbers: list[str], texts: list[str]
) -> ContextEncoder:
    moments = Moments(ids, np.full(len(ids), training.as_of_us, dtype=np.int64))
    values, words = _columns(training, customer, moments, numbers, texts)
    days = durations(training.features)
    return ContextEncoder.fit(values, words, most_categories=MOST_CATEGORIES, durations=days)


def _columns(
    training: Training, customer: CustomerInput, moments: Moments, numbers: list[str], texts: list[str]
) -> tuple[dict[str, Floats], dict[str, list[str | None]]]:
    """The columns' values at moments."""
    prepared = prepare_moments(training.con, training.features, moments)
    at = [customer.names.index(name) for name in numbers]
    columns: list[np.ndarray[Any, Any]] = []
    words: dict[str, list[str | None]] = {name: [] for name in texts}
    for _, _, found in prepared.chunks(CHUNK):
        columns.append(customer.encode(found)[:, at])
        for name in texts:
            words[name] += _texts(found, name)
    x = np.concatenate(columns)
    return {name: np.ascontiguousarray(x[:, j]) for j, name in enumerate(numbers)}, words


def _texts(found: CustomerFeatures, name: str) -> list[str | None]:
    """An attribute's texts; what only a request knows is missing at night."""
    return list(found.attributes[name]) if name in found.attributes else [None] * len(found)
