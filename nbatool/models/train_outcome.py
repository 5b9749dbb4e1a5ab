"""Training the expected outcomes of a workspace: the log of decisions, its table, the models of outcome and conversion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nbatool.base.clock import US_PER_S, format_duration, format_time
from nbatool.base.records import NOTHING, Action
from nbatool.features.choice import as_timestamp
from nbatool.features.customer import FeatureSet
from nbatool.features.labels import converted, load_moment_actions, outcomes
from nbatool.features.model_input import CustomerInput, candidate_input
from nbatool.features.moments import Moments, prepare_moments
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.features.pairs import DIMENSIONS
from nbatool.models.arm_similarity import relation
from nbatool.models.candidates import Candidate, DecisionInput
from nbatool.models.card import iso_time
from nbatool.models.choose_learner import Terms
from nbatool.models.context_input import fit_context_input, said_of
from nbatool.models.conversion import fit_conversion
from nbatool.models.cross_fit import ROWS_AT_ONCE, Candidates
from nbatool.models.decision_log import LoggedDecisions
from nbatool.models.decision_table import DecisionTable
from nbatool.models.decision_weights import decision_weights
from nbatool.models.half_life import DAY_S
from nbatool.models.learner_context import durations, seen_by_fast_learner
from nbatool.models.linear_rival import FastArms
from nbatool.models.outcome import OutcomeModel
from nbatool.models.outcome_fit import fit_outcome
from nbatool.models.past_decisions import (
    PastDecisions,
    as_table,
    decision_span,
    log_is_usable,
    read_past_decisions,
)
from nbatool.models.propensity import PropensityModel
from nbatool.models.recency_weights import age_weights
from nbatool.models.table import FloatArray, IntArray, Table
from nbatool.models.training_data import CHUNK, Training, codes_of
from nbatool.store.sql import statement

if TYPE_CHECKING:
    from nbatool.base.config import Config

LEAST_OWN = 0.9
"""Share of the past decisions that must be closed ones of nbatool's own for the fast learner to know what models know."""
MOST_ARMS = 100
"""Candidates whose differences are looked at where nobody replays them: the time grows with the cube of their number."""
NEVER_CONTACTED = "no contact was ever logged"
PAST, EXPECTED = "past contacts", "expected outcomes"


def learns_from_contacts(config: Config) -> bool:
    """Whether outcomes of contacts can be looked at: there is an objective by an event, and a type of contact."""
    return bool(config.roles.contact) and any(o.by_events for o in config.objectives)


def pays_per_conversion(config: Config, actions: Sequence[Action]) -> bool:
    """Whether some action costs money only when it converts."""
    return bool(config.roles.convert) and any(a.cost_per_conversion for a in actions)


def unlearned_because(training: Training) -> str | None:
    """Say why :func:`train_outcome` will find nothing to learn from; None where it will. Fits nothing."""
    if training.config.objectives and log_is_usable(training.con, training.config, training.as_of_us):
        return None
    if not learns_from_contacts(training.config):
        return _unknown_outcomes(training) or NEVER_CONTACTED
    within_s, from_us, until_us = _log_span(training)
    contacts, closed, learnable = training.con.execute(
        statement("models/contacts_seen"),
        {
            "types": list(training.config.roles.contact),
            "from_ts": as_timestamp(from_us),
            "until_ts": as_timestamp(until_us),
            "as_of": as_timestamp(training.as_of_us),
        },
    ).fetchall()[0]
    if learnable:
        return None
    if closed:
        return (
            f"no contact was logged after {format_time(from_us)}, from when enough is known to learn from it"
        )
    window = format_duration(within_s)
    if contacts:
        return f"no contact whose window of {window} has closed was logged yet"
    return _unknown_outcomes(training) or NEVER_CONTACTED


def _unknown_outcomes(training: Training) -> str | None:
    """Say why nothing is learned from the decisions that are logged; None where there are none."""
    logged = decision_span(training.con, training.as_of_us)
    if logged is None or not training.config.objectives:
        return None
    window = format_duration(max(o.within for o in training.config.objectives))
    return (
        f"of none of the {logged[2]:,} logged decisions that could be learned from is the outcome known at "
        f"{format_time(training.as_of_us)} (windows of {window} end later; as_of or --as-of says until when data are complete)"
    )


def _log_span(training: Training) -> tuple[int, int, int]:
    """Return the longest window of an objective in seconds, and from and until when contacts are learned from."""
    within_s = max(o.within for o in training.config.objectives if o.by_events)
    warm_up_us = min(
        training.features.plan.longest_window_s * US_PER_S, (training.as_of_us - training.first_us) // 4
    )
    return within_s, training.first_us + warm_up_us, training.as_of_us - within_s * US_PER_S + 1


def train_outcome(
    training: Training, customer: CustomerInput
) -> tuple[DecisionInput | None, OutcomeModel | None, PropensityModel | None]:
    """Fit the outcome of logged decisions against `nothing`; all None where :func:`unlearned_because` says why."""
    config = training.config
    logged = decision_span(training.con, training.as_of_us) is not None
    if not config.objectives or not (logged or learns_from_contacts(config)):
        return None, None, None
    training.say(PAST)
    from_us = _log_span(training)[1] if learns_from_contacts(config) else training.as_of_us
    past = read_past_decisions(
        training.con, config, from_us=from_us, as_of_us=training.as_of_us, seed=training.seed
    )
    if past is None:
        return None, None, None
    log = past.table
    ids = sorted({str(a) for a in log.action_id} | set(training.by_id) | {NOTHING})
    said = said_of(log.context.tolist())
    decision = DecisionInput(
        customer, candidate_input(training.features, training.actions, ids), fit_context_input(said)
    )
    table, customers_only = _table_of(training, decision, past)
    within_s = max(o.within for o in config.objectives)
    y = _converted(training, within_s, len(log))
    training.say(EXPECTED)
    codes = np.array([ids.index(str(a)) for a in log.action_id], dtype=np.int64)
    known = decision_weights(
        customers_only, past.is_nothing, codes, log.probability, past.from_events, seed=training.seed
    )
    table = replace(table, weight=known.weight)
    contacted = np.unique(codes[~past.is_nothing])
    outcome = fit_outcome(
        table, is_nothing=past.is_nothing, action_code=codes, window_s=within_s,
        nothing=decision.candidate.encode_action(None, NOTHING, None), pairs=frozenset(decision.named(name) for name in _pair_columns(training.features)),
        probability=known.probability, candidates=_candidates(training, decision, past, [ids[c] for c in contacted]),
        terms=_terms(training, [ids[c] for c in contacted], codes, contacted, y), arms=_arms(training, past, [ids[c] for c in contacted], customers_only.names),
        seed=training.seed,
        extra_card={
            "assignment": known.source, "balance": known.balance.to_json(), "by_wave": past.by_wave,
            "contacts_in_log": past.contacts_in_log, "actions": ids,
            "newest_from": None if past.newest_from_us is None else iso_time(past.newest_from_us),
        },
    )  # fmt: skip
    return decision, outcome, _conversion(training, table, past, y, within_s, outcome.card["half_life"])


def _terms(
    training: Training, actions: Sequence[str], codes: IntArray, contacted: IntArray, y: FloatArray | None
) -> Terms:
    """What a contact costs with its conversions at their usual rate; actions that left the catalogue cost nothing."""
    known = [training.by_id.get(action) for action in actions]
    cost = np.array([0.0 if a is None else a.cost for a in known])
    if y is not None:
        rate = np.array([float(y[codes == code].mean()) for code in contacted])
        cost += np.array([0.0 if a is None else a.cost_per_conversion for a in known]) * rate
    return Terms(np.array([1.0 if a is None else a.lever for a in known]), cost)


def _candidates(
    training: Training, decision: DecisionInput, past: PastDecisions, actions: Sequence[str]
) -> Candidates:
    """Give x of every action, on the channel it usually went out on, at past decisions."""
    log = past.table
    usual = _usual_channels(training, log)
    asked: tuple[Candidate, ...] = (*((action, usual[action]) for action in actions), (NOTHING, None))

    def candidates(rows: IntArray) -> Iterator[FloatArray]:
        moments = Moments([str(c) for c in log.customer_id[rows]], log.as_of_us[rows])
        prepared = prepare_moments(training.con, training.features, moments)
        said = said_of(log.context[rows].tolist())
        for first, last, features in prepared.chunks(ROWS_AT_ONCE):
            encoded = decision.customer.encode(features)
            yield decision.of_candidates(features, encoded, asked, training.by_id, said[first:last])

    return candidates


def _usual_channels(training: Training, log: DecisionTable) -> dict[str, str | None]:
    by_channel = training.config.catalogue.channel_mode == "one"
    chosen = Counter(zip(log.action_id.tolist(), log.channel.tolist(), strict=True))
    usual: dict[str, str | None] = {}
    for (action, channel), _ in sorted(chosen.items(), key=lambda each: (each[1], str(each[0]))):
        usual[str(action)] = channel if by_channel else None
    return usual


def _arms(
    training: Training, past: PastDecisions, actions: Sequence[str], names: Sequence[str]
) -> FastArms | None:
    """Arms of past decisions, `nothing` last; None where there are none, or more than are worth the time."""
    log = past.table
    if not len(log):
        return None
    are_replayed = float(log.is_closed.mean()) >= LEAST_OWN
    usual = _usual_channels(training, log)
    by_channel = training.config.catalogue.channel_mode == "one"
    channels = log.channel.tolist() if by_channel else [None] * len(log)
    done = [
        (str(action), None if action == NOTHING else channel)
        for action, channel in zip(log.action_id.tolist(), channels, strict=True)
    ]
    arms = [*sorted(set(done) - {(NOTHING, None)}, key=str), (NOTHING, None)]
    if not are_replayed and len(arms) > MOST_ARMS:
        return None
    place = {arm: k for k, arm in enumerate(arms)}
    chosen = np.array([place[arm] for arm in done], dtype=np.int64)
    named = np.array([place[action, usual[action]] for action in actions], dtype=np.int64)
    columns = seen_by_fast_learner(training.config, names)
    return FastArms(
        chosen, relation(arms, training.by_id), named, columns, durations(training.features),
        float(training.config.learning.half_life), are_replayed,
    )  # fmt: skip


def _pair_columns(features: FeatureSet) -> frozenset[str]:
    """Candidate columns that do not describe the action: its channel, and what passed between it and the customer."""
    names = (features.pairs.names(dimension, ("short", "long")) for dimension in DIMENSIONS)
    return frozenset({"channel", *(name for of_dimension in names for name in of_dimension)})


def decision_table(
    training: Training, decision: DecisionInput, log: LoggedDecisions, objectives: Sequence[Any]
) -> tuple[Table, Table]:
    """Return the table of the outcome model for past contacts, and its customer columns alone.

    Parameters
    ----------
    log
        Decisions read out of contact events, whose windows have closed.
    objectives
        What y sums up, in currency.
    """
    past = PastDecisions(
        as_table(training.con, log, len(objectives)),
        np.ones(len(log), dtype=bool),
        log.by_wave,
        log.contacts_in_log,
    )
    return _table_of(training, decision, past, objectives)


def _table_of(
    training: Training,
    decision: DecisionInput,
    past: PastDecisions,
    objectives: Sequence[Any] | None = None,
) -> tuple[Table, Table]:
    """Return the table of the outcome model for past decisions, and its columns of customer and request alone."""
    log = past.table
    who_us = Moments([str(c) for c in log.customer_id], log.as_of_us)
    prepared = prepare_moments(training.con, training.features, who_us)
    done = [None if a == NOTHING else str(a) for a in log.action_id]
    load_moment_actions(training.con, done, log.began_us)
    by_channel = training.config.catalogue.channel_mode == "one"
    channel = log.channel.tolist() if by_channel else [None] * len(log)
    chosen = list(zip(log.action_id.tolist(), channel, strict=True))
    said = said_of(log.context.tolist())
    x = np.empty((len(log), len(decision.names)))
    for first, last, features in prepared.chunks(CHUNK):
        x[first:last] = decision.of_logged(features, chosen[first:last], training.by_id, said[first:last])
    if objectives is None:
        y = log.brought(OutcomeTerms.of(training.config).objectives, training.later)
    else:
        y = outcomes(training.con, objectives, len(log))
    who = codes_of(prepared.moments.customer_id)
    width = decision.candidate_from
    names = decision.names[:width]
    categorical = tuple(name for name in decision.categorical if name in names)
    alone = Table(x[:, :width], names, categorical, y, None, who, log.as_of_us, log.began_us)
    return Table(x, decision.names, decision.categorical, y, None, who, log.as_of_us, log.began_us), alone


def _converted(training: Training, within_s: int, n: int) -> FloatArray | None:
    """Return whether each past decision converted, (n,); None where no action pays per conversion."""
    if not pays_per_conversion(training.config, training.actions):
        return None
    return converted(training.con, training.config.roles.convert, within_s, n)


def _conversion(
    training: Training,
    table: Table,
    past: PastDecisions,
    y: FloatArray | None,
    within_s: int,
    half_life_days: int | None,
) -> PropensityModel | None:
    """Fit P(convert) where an action pays per conversion; it forgets as the outcome does."""
    if y is None:
        return None
    training.say("conversions")
    weight = None
    if half_life_days is not None:
        weight = age_weights(table.as_of_us, int(table.as_of_us.max()), float(half_life_days * DAY_S))
    rows = replace(table, y=y, weight=weight)
    return fit_conversion(rows.take(~past.is_nothing), window_s=within_s, seed=training.seed)
