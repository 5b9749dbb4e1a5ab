"""What the fast learner sees: the columns that tell customers apart in what actions do, or those that are configured.

Few on purpose: every coordinate is a coefficient per candidate, to be learned from the outcomes of days. Closed
decisions say which columns are of use (`context_evidence`). Before they say much, the customers' attributes come first
(people chose to record them), then what the models use most, then recency, frequency and money.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from nbatool.base.errors import ConfigError, did_you_mean
from nbatool.base.records import Action
from nbatool.features.choice import as_timestamp
from nbatool.features.customer import CustomerFeatures
from nbatool.features.kinds import Floats
from nbatool.features.model_input import CustomerInput
from nbatool.features.moments import Moments, prepare_moments
from nbatool.models.context_encoder import ContextEncoder
from nbatool.models.context_evidence import NO_EVIDENCE, Evidence, evidence_of
from nbatool.models.training_data import CHUNK, Training
from nbatool.store.arrow import fetch_arrow
from nbatool.store.sql import statement

FEWEST_COORDINATES, MOST_COORDINATES = 12, 32
MOST_COEFFICIENTS = 420
"""Coordinates times candidates: an update costs its square, and is to stay well under a millisecond."""
MOST_CATEGORIES = 6
MOST_DECISIONS = 20_000
"""Newest closed decisions the columns are judged by."""
ATTRIBUTE_FIRST = 3.0
"""What an attribute is ahead of a feature, in standard deviations of chance: there are many features, and the best of
many does well by chance."""
IMPORTANCE_FIRST = 1.0
"""What the column the models use most is ahead of one they do not use."""
MOST_CUSTOMERS = 20_000
CONTEXT = "context."
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
        _require_known(training, asked, [*numbers, *texts])
        chosen_texts = [name for name in asked if name in texts or name.startswith(CONTEXT)]
        chosen = [name for name in asked if name in numbers]
    else:
        chosen, chosen_texts = _useful(training, customer, numbers, texts, cards)
    if not customer_ids:
        return ContextEncoder.unfitted(chosen, chosen_texts)
    return _fitted(training, customer, customer_ids, chosen, chosen_texts)


def _require_known(training: Training, asked: tuple[str, ...], known: list[str]) -> None:
    problems = [
        training.config.problem(
            f'[learning] context: no feature or attribute "{name}"{did_you_mean(name, known)}; '
            "`nbatool features` lists them",
            "learning",
            "context",
        )
        for name in asked
        if name not in known and not name.startswith(CONTEXT)
    ]
    if problems:
        raise ConfigError(problems)


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
    score = {name: found.score.get(name, 0.0) + prior.get(name, 0.0) for name in (*numbers, *texts)}
    room = coordinates_for(training.actions)
    best: list[str] = []
    for name in sorted(score, key=lambda name: (-score[name], name)):
        # The width is that of the sample; the encoder is fitted on everybody, where a category may be more.
        width = (
            found.coordinates[name].shape[1]
            if name in found.coordinates
            else 1 + MOST_CATEGORIES * (name in texts)
        )
        if width > room or (name in numbers and found.is_alike(name, [n for n in best if n in numbers])):
            continue
        best.append(name)
        room -= width
    return [name for name in best if name in numbers], [name for name in best if name in texts]


def coordinates_for(actions: Sequence[Action]) -> int:
    """Return how many coordinates fit beside the constant, given the catalogue.

    >>> coordinates_for([Action("a", "a", ("email", "push"))])
    31
    """
    candidates = 1 + sum(max(len(action.channels), 1) for action in actions)
    return min(max(MOST_COEFFICIENTS // candidates, FEWEST_COORDINATES), MOST_COORDINATES) - 1


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
    asked = {"most": MOST_DECISIONS, "until": as_timestamp(training.as_of_us)}
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
    return evidence_of(values, words, arm, outcome, most_categories=MOST_CATEGORIES)


def _fitted(
    training: Training, customer: CustomerInput, ids: list[str], numbers: list[str], texts: list[str]
) -> ContextEncoder:
    moments = Moments(ids, np.full(len(ids), training.as_of_us, dtype=np.int64))
    values, words = _columns(training, customer, moments, numbers, texts)
    return ContextEncoder.fit(values, words, most_categories=MOST_CATEGORIES)


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
