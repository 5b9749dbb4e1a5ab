"""Training a version: choose features, look back at past moments, fit every model, keep what was measured."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import format_time
from nbatool.base.errors import ConfigError, DataError
from nbatool.base.records import Action
from nbatool.base.seeds import generator
from nbatool.features.choice import as_timestamp, choose_features, event_types
from nbatool.features.kinds import Floats
from nbatool.features.labels import target_labels
from nbatool.features.model_input import CustomerInput, frequent_values
from nbatool.features.moments import Moments, PreparedMoments, load_zone_offsets, prepare_moments
from nbatool.features.schedule import training_times
from nbatool.models.bundle import Bundle
from nbatool.models.clv.history import load_purchase_days, train_clv
from nbatool.models.clv.model import ClvModel
from nbatool.models.clv.settings import ClvSettings
from nbatool.models.kappa import estimate_kappa
from nbatool.models.learner_context import MOST_CUSTOMERS, fit_context
from nbatool.models.lifetime_outcome import later_value, lifetime_objective
from nbatool.models.outcome import OutcomeModel
from nbatool.models.past_decisions import decision_span
from nbatool.models.propensity import PropensityModel, fit_propensity
from nbatool.models.table import Table
from nbatool.models.train_outcome import (
    EXPECTED,
    PAST,
    learns_from_contacts,
    pays_per_conversion,
    train_outcome,
    unlearned_because,
)
from nbatool.models.training_data import CHUNK, Check, Say, Training, codes_of
from nbatool.profile.event_names import loaded_types, misspelt, unheard_of
from nbatool.profile.log_names import unmatched
from nbatool.store.sql import statement

if TYPE_CHECKING:
    import duckdb

    from nbatool.base.config import Config
    from nbatool.base.settings import Target

MOST_ROWS = 300_000


def train_bundle(
    con: duckdb.DuckDBPyConnection,
    config: Config,
    actions: Sequence[Action],
    *,
    as_of_us: int,
    seed: int,
    say: Say,
    check: Check | None = None,
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
    check
        Called before anything is fitted, to refuse what could not be used afterwards.

    Raises
    ------
    DataError
        There is neither an event nor a decision loaded before ``as_of_us``.
    ConfigError
        An event type is named that is not loaded and very like one that is.
    """
    span = con.execute(statement("features/event_span")).fetchall()[0]
    known = con.execute(statement("profile/known_customers"), {"as_of": as_timestamp(as_of_us)}).fetchall()
    logged = decision_span(con, as_of_us)
    if not known and logged is None:
        raise DataError("nothing is loaded from before this time. Load data first: nbatool ingest")
    if (span[0] is None or span[0] >= as_of_us) and logged is None:
        raise DataError(
            f"nothing to train: no events are loaded from before {format_time(as_of_us)}, and models learn from what "
            'customers do. Load a [[source]] of kind = "events" or "decisions": nbatool ingest'
        )
    if slips := misspelt(config, loaded_types(con)):
        raise ConfigError(slips)
    first_us = min(us for us in (span[0], logged and logged[0]) if us is not None)
    say = _numbered(say, training_steps(config, actions, decisions=logged is not None))
    say("features")
    features = choose_features(con, config, actions, as_of_us)
    training = Training(con, config, tuple(actions), features, first_us, as_of_us, seed, say)
    unlearned = unlearned_because(training)
    if check is not None:
        check(config, actions, features, unlearned)
    customer, propensities = _propensities(training, sorted(row[0] for row in known))
    clv = _lifetime_value(training)
    kappa = _kappa(training, clv)
    training = replace(training, later=later_value(config, clv, kappa))
    decision, outcome, conversion = train_outcome(training, customer)
    cards = [dict(m.card) for m in (outcome, *propensities.values()) if m is not None]
    sample = _sampled(sorted(row[0] for row in known), MOST_CUSTOMERS, training.seed)
    context = fit_context(training, customer, sample, cards[:1] if outcome is not None else cards)
    card = {**_card(training, propensities, outcome, conversion, clv), "unlearned": unlearned, **kappa}
    return Bundle(features, customer, propensities, decision, outcome, conversion, clv, card, context)


def training_steps(config: Config, actions: Sequence[Action], *, decisions: bool = False) -> tuple[str, ...]:
    """Return what training a workspace works on, in order; a step without data is passed over.

    ``decisions`` says whether a decision log is loaded.
    """
    steps = ["features"]
    for within_s in sorted({t.within for t in config.targets}):
        targets = [t for t in config.targets if t.within == within_s]
        steps += [_moments_of(targets), *(t.name for t in targets)]
    if config.roles.purchase:
        steps.append("lifetime value")
    if config.objectives and (decisions or learns_from_contacts(config)):
        steps += [PAST, EXPECTED]
        if pays_per_conversion(config, actions):
            steps.append("conversions")
    return tuple(steps)


def _numbered(say: Say, steps: Sequence[str]) -> Say:
    return lambda step: say(f"step {steps.index(step) + 1} of {len(steps)}: {step}")


def _moments_of(targets: Sequence[Target]) -> str:
    return "past moments of " + ", ".join(t.name for t in targets)


def _propensities(training: Training, known: list[str]) -> tuple[CustomerInput, dict[str, PropensityModel]]:
    """Fit the targets; the categories of text attributes come from the newest moments looked at."""
    customer = _customer_input(training, known)
    models: dict[str, PropensityModel] = {}
    for within_s in sorted({t.within for t in training.config.targets}):
        targets = [t for t in training.config.targets if t.within == within_s]
        training.say(_moments_of(targets))
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
        rows = training.con.execute(
            statement("profile/known_customers"), {"as_of": as_timestamp(time_us)}
        ).fetchall()
        found = _sampled(sorted(row[0] for row in rows), MOST_ROWS // len(times), training.seed)
        ids += found
        at += [time_us] * len(found)
    order = sorted(range(len(ids)), key=lambda k: (ids[k], at[k]))
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
        codes_of(prepared.moments.customer_id), prepared.moments.as_of_us,
    )  # fmt: skip
    return fit_propensity(
        target.name,
        table,
        window_s=target.within,
        recency=_recency(training, target, customer, x),
        seed=training.seed,
    )


def _recency(training: Training, target: Target, customer: CustomerInput, x: Floats) -> Floats | None:
    """Days since the target's event: the rule a marketer would use."""
    subjects = [role for role, types in training.config.roles.items() if target.event in types]
    for f in training.features.plan.features:
        if f.kind == "recency" and (
            f.name in {f"days_since_last_{s}" for s in subjects} or f.series.types == (target.event,)
        ):
            return x[:, customer.names.index(f.name)]
    return None


def _lifetime_value(training: Training) -> str | None:
    config = training.config
    if not config.roles.purchase:
        return None
    training.say("lifetime value")
    settings = clv_settings(config)
    load_zone_offsets(training.con, config.workspace.timezone, training.as_of_us)
    load_purchase_days(
        training.con, config.roles.purchase, as_of_us=training.as_of_us, zone=config.workspace.timezone,
        grain_days=settings.grain_days,
    )  # fmt: skip
    return train_clv(training.con, settings, training.seed)[0].to_json()


def _kappa(training: Training, clv: str | None) -> dict[str, Any]:
    """Return, for the card, how much of what lifetime value credits to purchases is real; {} where no objective asks."""
    if clv is None or lifetime_objective(training.config) is None:
        return {}
    model = ClvModel.from_json(clv)
    found = estimate_kappa(training.con, training.config, model, training.as_of_us)
    return {"kappa": found.to_card()}


def clv_settings(config: Config) -> ClvSettings:
    clv = config.clv
    return ClvSettings(clv.horizon, clv.discount_per_year, clv.margin, clv.grain, clv.model)


def _card(
    training: Training,
    propensities: dict[str, PropensityModel],
    outcome: OutcomeModel | None,
    conversion: PropensityModel | None,
    clv: str | None,
) -> dict[str, Any]:
    meant = {
        t.name: {"event": t.event, "within_s": t.within, "happens": t.happens}
        for t in training.config.targets
    }
    return {
        "as_of_us": training.as_of_us,
        "first_us": training.first_us,
        "seed": training.seed,
        "outcome_window_s": max((o.within for o in training.config.objectives), default=0),
        "features": len(training.features.plan.names) + len(training.features.attributes),
        "targets": {name: dict(model.card) | meant[name] for name, model in propensities.items()},
        "outcome": dict(outcome.card) if outcome else None,
        "conversion": dict(conversion.card) if conversion else None,
        "clv": json.loads(clv) if clv else None,
        "warnings": [
            *unheard_of(training.config, [t.name for t in event_types(training.con, training.as_of_us)]),
            *unmatched(training.con, training.config, training.actions),
        ],
    }
