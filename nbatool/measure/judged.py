"""What policies are judged on: the closed decisions of a time, what was known at each, and what it brought.

From the decision log where there is one; else from contact events, of which the chances are estimated and marked so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nbatool.base.records import NOTHING, Action
from nbatool.features.labels import converted, load_moment_actions
from nbatool.features.moments import Moments, PreparedMoments, prepare_moments
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.measure.context_columns import ContextColumns, context_columns
from nbatool.measure.decided import NONE_MISSING, Decided, read_decided
from nbatool.measure.log_candidates import candidate_codes, labels_of, log_candidates
from nbatool.measure.logged import CheckedLog, checked_log
from nbatool.measure.outcome_unit import outcome_unit
from nbatool.models.bundle import Bundle
from nbatool.models.candidates import Candidate
from nbatool.models.decision_log import read_decisions
from nbatool.models.decision_table import DecisionTable, Texts, read_decision_table
from nbatool.models.known_outcomes import KnownOutcomes
from nbatool.models.lifetime_outcome import later_value
from nbatool.models.logging_policy import LoggingPolicy, estimate_logging_policy
from nbatool.models.past_decisions import as_table, taken
from nbatool.models.table import BoolArray, FloatArray, IntArray, Table
from nbatool.models.training_data import codes_of

if TYPE_CHECKING:
    import duckdb

    from nbatool.base.config import Config

CHUNK = 50_000


@dataclass(frozen=True)
class Judged:
    """Parameters
    ----------
    checked
        The decisions that can be used; reward is the outcome less what the contact cost, in currency.
    candidates
        The m candidates, `nothing` last; without a channel where the log or the policy does not tell channels apart.
    x, names, categorical
        (n, d) what was known at each decision, for models of the outcome.
    moments
        Prepared moments of all decisions read, `checked.kept` of them used; in the order (customer, time).
    contexts
        Of all decisions read, JSON or None.
    estimated
        How chances were estimated, where the log has none.
    from_events
        Whether the log was made from contact events.
    anonymous
        How many of the decisions read were of anonymous visitors.
    unit
        What the values are counted in: the currency's code, or a noun such as clicks; None where nobody asked.
    decided
        Every decision of the time, and how many contacts were never made.
    allow_nothing
        Whether the catalogue lets a policy do nothing.
    """

    checked: CheckedLog
    candidates: tuple[Candidate, ...]
    x: FloatArray
    names: tuple[str, ...]
    categorical: tuple[str, ...]
    moments: PreparedMoments
    contexts: Texts
    policies: tuple[str, ...]
    estimated: LoggingPolicy | None
    from_events: bool
    anonymous: int
    unit: str | None = None
    decided: Decided = NONE_MISSING
    allow_nothing: bool = True

    @property
    def labels(self) -> tuple[str, ...]:
        """The candidates as a reader knows them."""
        return labels_of(self.candidates)


def read_judged(
    con: duckdb.DuckDBPyConnection,
    config: Config,
    bundle: Bundle,
    actions: Sequence[Action],
    *,
    from_us: int,
    until_us: int,
    seed: int,
) -> Judged | None:
    """Return the decisions with ``from_us <= as_of < until_us``; None where the log holds none.

    Parameters
    ----------
    bundle
        Whose features describe the moments.
    until_us
        The present: only windows that ended before it are judged, and what was told with every decision.
    """
    known = KnownOutcomes.at(con, config, until_us)
    table = read_decision_table(
        con, OutcomeTerms.of(config).objectives, from_us=from_us, until_us=until_us, closed_us=known.closed_us
    )
    if table is not None:
        kept = np.flatnonzero(known.of(table))
        if not len(kept):
            return None
        judged = _judged(con, config, bundle, actions, taken(table, kept), seed, False)
        last_us = int(judged.moments.moments.as_of_us.max())
        decided = read_decided(con, config, actions, from_us=from_us, until_us=last_us + 1, judged=len(kept))
        return replace(judged, decided=decided)
    table = _from_contacts(con, config, from_us=from_us, until_us=known.ended_us + 1, seed=seed)
    return None if table is None else _judged(con, config, bundle, actions, table, seed, True)


def _judged(
    con: duckdb.DuckDBPyConnection,
    config: Config,
    bundle: Bundle,
    actions: Sequence[Action],
    table: DecisionTable,
    seed: int,
    from_events: bool,
) -> Judged:
    ids = table.customer_id.tolist()
    prepared = prepare_moments(con, bundle.features, Moments(ids, table.as_of_us))
    load_moment_actions(con, [None if a == NOTHING else str(a) for a in table.action_id], table.began_us)
    candidates = log_candidates(config, table, actions)
    code = candidate_codes(config, table, candidates)
    reward = _rewards(con, config, bundle, table, {a.id: a for a in actions})
    extra = context_columns(table.context.tolist())
    x, names, categorical = _columns(bundle, prepared, extra)
    chance, possible = table.distributions(candidates)
    customer = codes_of(ids)
    propensity, estimated = table.probability, None
    if np.isnan(propensity).any():
        rows = Table(x, names, categorical, reward, None, customer, table.as_of_us)
        estimated = estimate_logging_policy(
            rows, code, len(candidates), possible=_with_chosen(possible, code), seed=seed
        )
        propensity = np.where(np.isnan(propensity), estimated.propensity, propensity)
    known = chance is not None and not np.isnan(chance).any()
    if chance is not None and possible is not None and not known:
        # Chances of some rows only cannot be used as a whole; that they rule a candidate out can.
        possible &= ~(chance <= 0)
    policies, by = np.unique(table.policy.astype(str), return_inverse=True)
    checked = checked_log(
        code, reward, propensity, customer, len(candidates), position=table.slot, policy=by.astype(np.int64),
        possible=possible, probabilities=chance if known else None, estimated=estimated is not None,
    )  # fmt: skip
    return Judged(
        checked, candidates, x[checked.kept], names, categorical, prepared, table.context,
        tuple(policies.tolist()), estimated, from_events, int(table.is_anonymous.sum()),
        unit=outcome_unit(config, actions, checked.log.reward), allow_nothing=config.catalogue.allow_nothing,
    )  # fmt: skip


def _with_chosen(possible: BoolArray | None, code: IntArray) -> BoolArray | None:
    """What was chosen was possible, whatever its row lists: such a row is left out afterwards, and must not stop the rest."""
    if possible is None:
        return None
    found = possible.copy()
    found[np.arange(len(code)), code] = True
    return found


def _rewards(
    con: duckdb.DuckDBPyConnection,
    config: Config,
    bundle: Bundle,
    table: DecisionTable,
    actions: dict[str, Action],
) -> FloatArray:
    """What each decision brought less what it cost, (n,) in currency."""
    n = len(table)
    later = later_value(config, bundle.clv, bundle.card)
    brought = table.brought(OutcomeTerms.of(config).objectives, later)
    chosen = [actions.get(str(a)) for a in table.action_id]
    cost = np.array([0.0 if a is None else a.cost for a in chosen])
    per_conversion = np.array([0.0 if a is None else a.cost_per_conversion for a in chosen])
    if per_conversion.any() and config.roles.convert:
        within_s = max(o.within for o in config.objectives)
        cost += per_conversion * converted(con, config.roles.convert, within_s, n)
    return np.asarray(brought - cost)


def _columns(
    bundle: Bundle, prepared: PreparedMoments, extra: ContextColumns
) -> tuple[FloatArray, tuple[str, ...], tuple[str, ...]]:
    customer = bundle.customer
    x = np.empty((len(prepared.moments), len(customer.names) + len(extra.names)))
    for first, last, found in prepared.chunks(CHUNK):
        x[first:last, : len(customer.names)] = customer.encode(found)
    x[:, len(customer.names) :] = extra.x
    return x, (*customer.names, *extra.names), (*customer.categorical, *extra.categorical)


def _from_contacts(
    con: duckdb.DuckDBPyConnection, config: Config, *, from_us: int, until_us: int, seed: int
) -> DecisionTable | None:
    """The log as contact events tell it: who got what, and who got nothing at those times."""
    if not config.roles.contact:
        return None
    found = read_decisions(
        con, config.roles.contact, from_us=from_us, until_us=until_us,
        by_channel=config.catalogue.channel_mode == "one", seed=seed,
    )  # fmt: skip
    return None if found is None else as_table(con, found, len(config.objectives))
