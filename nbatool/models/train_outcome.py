"""Training the expected outcomes of a workspace: the log of decisions, its table, the models of outcome and conversion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nbatool.base.clock import US_PER_S, format_duration, format_time
from nbatool.base.records import NOTHING, Action
from nbatool.features.choice import as_timestamp
from nbatool.features.customer import FeatureSet
from nbatool.features.labels import converted, load_moment_actions, outcomes
from nbatool.features.model_input import CustomerInput, candidate_input
from nbatool.features.moments import Moments, prepare_moments
from nbatool.features.pairs import DIMENSIONS
from nbatool.models.assignment import nothing_weights
from nbatool.models.candidates import DecisionInput
from nbatool.models.conversion import fit_conversion
from nbatool.models.decision_log import LoggedDecisions, read_decisions
from nbatool.models.outcome import OutcomeModel
from nbatool.models.outcome_fit import fit_outcome
from nbatool.models.propensity import PropensityModel
from nbatool.models.table import Table
from nbatool.models.training_data import CHUNK, Training, codes_of
from nbatool.store.sql import statement

if TYPE_CHECKING:
    from nbatool.base.config import Config

NEVER_CONTACTED = "no contact was ever logged"


def learns_from_contacts(config: Config) -> bool:
    """Whether outcomes of contacts can be looked at: there is an objective by an event, and a type of contact."""
    return bool(config.roles.contact) and any(o.event is not None for o in config.objectives)


def pays_per_conversion(config: Config, actions: Sequence[Action]) -> bool:
    """Whether some action costs money only when it converts."""
    return bool(config.roles.convert) and any(a.cost_per_conversion for a in actions)


def unlearned_because(training: Training) -> str | None:
    """Say why :func:`train_outcome` will find nothing to learn from; None where it will. Fits nothing."""
    if not learns_from_contacts(training.config):
        return NEVER_CONTACTED
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
    return f"no contact whose window of {window} has closed was logged yet" if contacts else NEVER_CONTACTED


def _log_span(training: Training) -> tuple[int, int, int]:
    """Return the longest window of an objective in seconds, and from and until when contacts are learned from."""
    within_s = max(o.within for o in training.config.objectives if o.event is not None)
    warm_up_us = min(
        training.features.plan.longest_window_s * US_PER_S, (training.as_of_us - training.first_us) // 4
    )
    return within_s, training.first_us + warm_up_us, training.as_of_us - within_s * US_PER_S + 1


def train_outcome(
    training: Training, customer: CustomerInput
) -> tuple[DecisionInput | None, OutcomeModel | None, PropensityModel | None]:
    """Fit the outcome of logged contacts against `nothing`; all None where :func:`unlearned_because` says why."""
    config = training.config
    objectives = [o for o in config.objectives if o.event is not None]
    if not learns_from_contacts(config):
        return None, None, None
    training.say("past contacts")
    within_s, from_us, until_us = _log_span(training)
    log = read_decisions(
        training.con, config.roles.contact, from_us=from_us, until_us=until_us,
        by_channel=config.catalogue.channel_mode == "one", seed=training.seed,
    )  # fmt: skip
    if log is None:
        return None, None, None
    ids = sorted({str(a) for a in log.action_id} | set(training.by_id) | {NOTHING})
    decision = DecisionInput(customer, candidate_input(training.features, training.actions, ids))
    table, customers_only = decision_table(training, decision, log, objectives)
    training.say("expected outcomes")
    codes = np.array([ids.index(a) for a in log.action_id], dtype=np.int64)
    weights = nothing_weights(customers_only, log.is_nothing, seed=training.seed)
    table = Table(
        table.x, table.names, table.categorical, table.y, weights.weight, table.customer, table.as_of_us
    )
    outcome = fit_outcome(
        table, is_nothing=log.is_nothing, action_code=codes, window_s=within_s,
        nothing=decision.candidate.encode_action(None, NOTHING, None), pairs=_pair_columns(training.features),
        seed=training.seed,
        extra_card={
            "assignment": weights.source, "balance": weights.balance.to_json(), "by_wave": log.by_wave,
            "contacts_in_log": log.contacts_in_log, "actions": ids,
        },
    )  # fmt: skip
    return decision, outcome, _conversion(training, table, log, within_s)


def _pair_columns(features: FeatureSet) -> frozenset[str]:
    """Candidate columns that do not describe the action: its channel, and what passed between it and the customer."""
    names = (features.pairs.names(dimension, ("short", "long")) for dimension in DIMENSIONS)
    return frozenset({"channel", *(name for of_dimension in names for name in of_dimension)})


def decision_table(
    training: Training, decision: DecisionInput, log: LoggedDecisions, objectives: Sequence[Any]
) -> tuple[Table, Table]:
    """Return the table of the outcome model for past decisions, and its customer columns alone.

    Parameters
    ----------
    log
        Decisions whose windows have closed.
    objectives
        What y sums up, in currency.
    """
    prepared = prepare_moments(training.con, training.features, Moments(list(log.customer_id), log.as_of_us))
    load_moment_actions(training.con, [None if a == NOTHING else str(a) for a in log.action_id])
    chosen = list(zip(log.action_id.tolist(), log.channel.tolist(), strict=True))
    x = np.empty((len(log), len(decision.names)))
    for first, last, features in prepared.chunks(CHUNK):
        x[first:last] = decision.of_logged(features, chosen[first:last], training.by_id)
    y = outcomes(training.con, objectives, len(log))
    who = codes_of(prepared.moments.customer_id)
    width = len(decision.customer.names)
    alone = Table(
        x[:, :width], decision.customer.names, decision.customer.categorical, y, None, who, log.as_of_us
    )
    return Table(x, decision.names, decision.categorical, y, None, who, log.as_of_us), alone


def _conversion(
    training: Training, table: Table, log: LoggedDecisions, within_s: int
) -> PropensityModel | None:
    """Fit P(convert) where an action pays per conversion."""
    if not pays_per_conversion(training.config, training.actions):
        return None
    training.say("conversions")
    y = converted(training.con, training.config.roles.convert, within_s, len(log))
    contacts = ~log.is_nothing
    rows = Table(table.x, table.names, table.categorical, y, None, table.customer, table.as_of_us).take(
        contacts
    )
    return fit_conversion(rows, window_s=within_s, seed=training.seed)
