"""Training a version: choose features, look back at past moments, fit every model, keep what was measured."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import US_PER_S
from nbatool.base.errors import DataError
from nbatool.base.records import NOTHING, Action
from nbatool.base.seeds import generator
from nbatool.features.choice import as_timestamp, choose_features
from nbatool.features.customer import FeatureSet
from nbatool.features.kinds import Floats
from nbatool.features.labels import converted, load_moment_actions, outcomes, target_labels
from nbatool.features.model_input import CustomerInput, candidate_input, frequent_values
from nbatool.features.moments import Moments, PreparedMoments, load_zone_offsets, prepare_moments
from nbatool.features.schedule import training_times
from nbatool.models.assignment import nothing_weights
from nbatool.models.bundle import Bundle
from nbatool.models.candidates import DecisionInput
from nbatool.models.clv.history import load_purchase_days, train_clv
from nbatool.models.clv.settings import ClvSettings
from nbatool.models.conversion import fit_conversion
from nbatool.models.decision_log import LoggedDecisions, read_decisions
from nbatool.models.outcome import OutcomeModel
from nbatool.models.outcome_fit import fit_outcome
from nbatool.models.propensity import PropensityModel, fit_propensity
from nbatool.models.table import Table
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

    from nbatool.base.config import Config
    from nbatool.base.settings import Target

MOST_ROWS = 300_000
CHUNK = 50_000

Say = Callable[[str], None]


@dataclass(frozen=True)
class Training:
    """What one training run works with.

    ``first_us`` is the first event, ``as_of_us`` the present: nothing at or after it is read.
    """

    con: duckdb.DuckDBPyConnection
    config: Config
    actions: tuple[Action, ...]
    features: FeatureSet
    first_us: int
    as_of_us: int
    seed: int
    say: Say

    @property
    def by_id(self) -> dict[str, Action]:
        return {action.id: action for action in self.actions}


def train_bundle(
    con: duckdb.DuckDBPyConnection, config: Config, actions: Sequence[Action], *, as_of_us: int, seed: int, say: Say
) -> Bundle:
    """Train every model of a workspace on what happened before ``as_of_us``.

    Parameters
    ----------
    con
        The open warehouse.
    actions
        The catalogue.
    say
        Told, in a few words, what is being worked on.

    Raises
    ------
    DataError
        There is nothing loaded before ``as_of_us``.
    """
    span = con.execute(statement("features/event_span")).fetchall()[0]
    known = con.execute(statement("profile/known_customers"), {"as_of": as_timestamp(as_of_us)}).fetchall()
    if not known:
        raise DataError("nothing is loaded from before this time. Load data first: nbatool ingest")
    first_us = min(span[0], as_of_us) if span[0] is not None else as_of_us
    say("features")
    features = choose_features(con, config, actions, as_of_us)
    training = Training(con, config, tuple(actions), features, first_us, as_of_us, seed, say)
    customer, propensities = _propensities(training, sorted(row[0] for row in known))
    decision, outcome, conversion = _outcome(training, customer)
    clv = _lifetime_value(training)
    card = _card(training, propensities, outcome, conversion, clv)
    return Bundle(features, customer, propensities, decision, outcome, conversion, clv, card)


def _propensities(training: Training, known: list[str]) -> tuple[CustomerInput, dict[str, PropensityModel]]:
    """Fit the targets; the categories of text attributes come from the newest moments looked at."""
    customer = _customer_input(training, known)
    models: dict[str, PropensityModel] = {}
    for within_s in sorted({t.within for t in training.config.targets}):
        targets = [t for t in training.config.targets if t.within == within_s]
        training.say("past moments of " + ", ".join(t.name for t in targets))
        times = training_times(training.first_us, training.as_of_us, within_s)
        prepared = _grid(training, times)
        x = _encoded(prepared, customer)
        for target in targets:
            training.say(target.name)
            models[target.name] = _fit_target(training, target, prepared, customer, x)
    return customer, {t.name: models[t.name] for t in training.config.targets}


def _customer_input(training: Training, known: list[str]) -> CustomerInput:
    texts = [a for a in training.features.attributes if a.type == "text"]
    if not texts:
        return CustomerInput(training.features, {})
    sample = _sampled(known, 100_000, training.seed)
    moments = Moments(sample, np.full(len(sample), training.as_of_us))
    read = prepare_attributes(training, moments)
    return CustomerInput(training.features, {a.name: frequent_values(read[a.name]) for a in texts})


def prepare_attributes(training: Training, moments: Moments) -> dict[str, NDArray[Any]]:
    """Read the attributes of some moments without their events."""
    from nbatool.features.moments import load_moments
    from nbatool.profile.attributes import read_attributes

    load_moments(training.con, moments, training.features.plan.zone)
    return read_attributes(training.con, training.features.attributes, 0, len(moments))


def _grid(training: Training, times: tuple[int, ...]) -> PreparedMoments:
    """Every customer known at each past moment, or a sample of customers where that is too many rows."""
    ids: list[str] = []
    at: list[int] = []
    for time_us in times:
        rows = training.con.execute(statement("profile/known_customers"), {"as_of": as_timestamp(time_us)}).fetchall()
        found = _sampled(sorted(row[0] for row in rows), MOST_ROWS // len(times), training.seed)
        ids += found
        at += [time_us] * len(found)
    order = np.lexsort((np.array(at), np.array(ids, dtype=str)))
    moments = Moments([ids[k] for k in order], np.array(at, dtype=np.int64)[order])
    return prepare_moments(training.con, training.features, moments)


def _sampled(ids: list[str], most: int, seed: int) -> list[str]:
    if len(ids) <= most:
        return ids
    chosen = generator(seed, "training customers").choice(len(ids), most, replace=False)
    return [ids[k] for k in np.sort(chosen)]


def _encoded(prepared: PreparedMoments, customer: CustomerInput) -> Floats:
    x = np.empty((len(prepared.moments), len(customer.names)))
    for first, last, features in prepared.chunks(CHUNK):
        x[first:last] = customer.encode(features)
    return x


def _fit_target(
    training: Training, target: Target, prepared: PreparedMoments, customer: CustomerInput, x: Floats
) -> PropensityModel:
    n = len(prepared.moments)
    table = Table(
        x, customer.names, customer.categorical, target_labels(training.con, target, n) if n else np.zeros(0), None,
        _codes_of(prepared.moments.customer_id), prepared.moments.as_of_us,
    )  # fmt: skip
    return fit_propensity(
        target.name, table, window_s=target.within, recency=_recency(training, target, customer, x), seed=training.seed
    )


def _codes_of(ids: Sequence[str]) -> NDArray[np.int64]:
    """Dense codes of customers whose rows stand together."""
    _, codes = np.unique(np.array(ids, dtype=str), return_inverse=True) if len(ids) else (None, np.zeros(0))
    return np.asarray(codes, dtype=np.int64)


def _recency(training: Training, target: Target, customer: CustomerInput, x: Floats) -> Floats | None:
    """Days since the target's event: the rule a marketer would use."""
    subjects = [role for role, types in training.config.roles.items() if target.event in types]
    for f in training.features.plan.features:
        if f.kind == "recency" and (f.name in {f"days_since_last_{s}" for s in subjects} or f.series.types == (target.event,)):
            return x[:, customer.names.index(f.name)]
    return None


def _outcome(
    training: Training, customer: CustomerInput
) -> tuple[DecisionInput | None, OutcomeModel | None, PropensityModel | None]:
    """Fit the outcome of logged contacts against `nothing`; all None when nothing was ever contacted."""
    config = training.config
    objectives = [o for o in config.objectives if o.event is not None]
    if not objectives or not config.roles.contact:
        return None, None, None
    training.say("past contacts")
    within_s = max(o.within for o in objectives)
    warm_up_us = min(training.features.plan.longest_window_s * US_PER_S, (training.as_of_us - training.first_us) // 4)
    log = read_decisions(
        training.con, config.roles.contact, from_us=training.first_us + warm_up_us,
        until_us=training.as_of_us - within_s * US_PER_S + 1,
        by_channel=config.catalogue.channel_mode == "one", seed=training.seed,
    )  # fmt: skip
    if log is None:
        return None, None, None
    ids = sorted({str(a) for a in log.action_id} | set(training.by_id) | {NOTHING})
    decision = DecisionInput(customer, candidate_input(training.features, training.actions, ids))
    table, customers_only = _decision_table(training, decision, log, objectives)
    training.say("expected outcomes")
    codes = np.array([ids.index(a) for a in log.action_id], dtype=np.int64)
    weights = nothing_weights(customers_only, log.is_nothing, seed=training.seed)
    table = Table(
        table.x, table.names, table.categorical, table.y, weights.weight, table.customer, table.as_of_us
    )
    outcome = fit_outcome(
        table, is_nothing=log.is_nothing, action_code=codes, window_s=within_s, seed=training.seed,
        extra_card={
            "assignment": weights.source, "balance": weights.balance.to_json(), "by_wave": log.by_wave,
            "contacts_in_log": log.contacts_in_log, "actions": ids,
        },
    )  # fmt: skip
    return decision, outcome, _conversion(training, table, log, within_s)


def _decision_table(
    training: Training, decision: DecisionInput, log: LoggedDecisions, objectives: Sequence[Any]
) -> tuple[Table, Table]:
    prepared = prepare_moments(training.con, training.features, Moments(list(log.customer_id), log.as_of_us))
    load_moment_actions(training.con, [None if a == NOTHING else str(a) for a in log.action_id])
    chosen = list(zip(log.action_id.tolist(), log.channel.tolist(), strict=True))
    x = np.empty((len(log), len(decision.names)))
    for first, last, features in prepared.chunks(CHUNK):
        x[first:last] = decision.of_logged(features, chosen[first:last], training.by_id)
    y = outcomes(training.con, objectives, len(log))
    who = _codes_of(prepared.moments.customer_id)
    width = len(decision.customer.names)
    alone = Table(
        x[:, :width], decision.customer.names, decision.customer.categorical, y, None, who, log.as_of_us
    )
    return Table(x, decision.names, decision.categorical, y, None, who, log.as_of_us), alone


def _conversion(
    training: Training, table: Table, log: LoggedDecisions, within_s: int
) -> PropensityModel | None:
    """Fit P(convert) where an action pays per conversion."""
    if not any(a.cost_per_conversion for a in training.actions) or not training.config.roles.convert:
        return None
    training.say("conversions")
    y = converted(training.con, training.config.roles.convert, within_s, len(log))
    contacts = ~log.is_nothing
    rows = Table(table.x, table.names, table.categorical, y, None, table.customer, table.as_of_us).take(contacts)
    return fit_conversion(rows, window_s=within_s, seed=training.seed)


def _lifetime_value(training: Training) -> str | None:
    config = training.config
    if not config.roles.purchase:
        return None
    training.say("lifetime value")
    settings = clv_settings(config)
    load_zone_offsets(training.con, config.workspace.timezone)
    load_purchase_days(
        training.con, config.roles.purchase, as_of_us=training.as_of_us, zone=config.workspace.timezone,
        grain_days=settings.grain_days,
    )  # fmt: skip
    return train_clv(training.con, settings, training.seed)[0].to_json()


def clv_settings(config: Config) -> ClvSettings:
    clv = config.clv
    return ClvSettings(clv.horizon, clv.discount_per_year, clv.margin, clv.grain, clv.model)


def _card(
    training: Training, propensities: dict[str, PropensityModel], outcome: OutcomeModel | None,
    conversion: PropensityModel | None, clv: str | None,
) -> dict[str, Any]:
    return {
        "as_of_us": training.as_of_us,
        "first_us": training.first_us,
        "seed": training.seed,
        "features": len(training.features.plan.names) + len(training.features.attributes),
        "targets": {name: dict(model.card) for name, model in propensities.items()},
        "outcome": dict(outcome.card) if outcome else None,
        "conversion": dict(conversion.card) if conversion else None,
        "clv": json.loads(clv) if clv else None,
    }
