"""Is the answer live the answer of the night? Batch rows replayed through the live path and compared bit for bit.

Both paths answer for the customers of the published state, at its cut, with the published models, catalogue and
seed: the night's path from the warehouse, the live one from the state.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nbatool.base.clock import format_time
from nbatool.base.errors import GateError
from nbatool.base.seeds import generator
from nbatool.decide.batch import circumstances_of, population, score_chunks
from nbatool.decide.decision import Decision
from nbatool.decide.guardrails import Circumstances
from nbatool.decide.in_force import InForce
from nbatool.decide.live import LiveService
from nbatool.decide.policy import Policy
from nbatool.decide.request import Question
from nbatool.decide.subjects import Subjects
from nbatool.features.choice import as_timestamp
from nbatool.features.customer import CustomerFeatures
from nbatool.ingest.drain import drain_journal
from nbatool.ingest.live import live_position
from nbatool.store.online import OnlineStore, Published
from nbatool.store.warehouse import Warehouse, open_warehouse

if TYPE_CHECKING:
    from nbatool.store.workspace import Workspace

Scores = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Difference:
    """One value the two paths disagree on, as each of them has it."""

    customer_id: str
    field: str
    batch: str
    live: str


@dataclass(frozen=True)
class ParityReport:
    """What was compared and what differed.

    Parameters
    ----------
    customers
        How many were compared.
    values
        How many values of each customer.
    as_of_us, model_version
        The cut and the models of the published state.
    differences
        By customer, then in the order features, scores, money, ranking.
    files_since, live_since
        Files loaded into the warehouse since the publication, and whether live events were moved there: with events
        from before the cut among them, the two paths do not know the same.
    """

    customers: int
    values: int
    as_of_us: int
    model_version: str
    differences: tuple[Difference, ...]
    files_since: int
    live_since: bool

    @property
    def sentence(self) -> str:
        """The result in one line, with what may explain a difference.

        >>> ParityReport(500, 90, 0, "v", (), 0, False).sentence
        '500 customers, batch = live to the last digit'
        """
        if not self.differences:
            return f"{self.customers:,} customers, batch = live to the last digit"
        customers = len({d.customer_id for d in self.differences})
        said = f"{customers:,} of {self.customers:,} customers differ, in {len(self.differences):,} values"
        return f"{said}. {self._why()}"

    def _why(self) -> str:
        since = [f"{self.files_since} files were loaded"] if self.files_since else []
        since += ["live events were moved to the warehouse"] if self.live_since else []
        if not since:
            return "Nothing was loaded since the state was published: this is a fault of nbatool, please report it"
        return (
            f"Since the state was published, {' and '.join(since)}: events or attributes from before "
            f"{format_time(self.as_of_us)} that came late are known to one path only. Publish again (nbatool score) "
            "and compare again"
        )


def check_parity(workspace: Workspace, *, customers: int, seed: int) -> ParityReport:
    """Compare the two paths and insist on equality.

    Raises
    ------
    GateError
        They differ somewhere.
    """
    report = compare_paths(workspace, customers=customers, seed=seed)
    if report.differences:
        raise GateError(report.sentence)
    return report


def compare_paths(workspace: Workspace, *, customers: int, seed: int) -> ParityReport:
    """Compare the two paths for a sample of at most so many customers of the published state.

    The caller holds the workspace lock.

    Raises
    ------
    DataError
        Nothing is published, or its files are missing or damaged.
    """
    service = LiveService(workspace.data_dir, workspace.models_dir)
    try:
        in_force = service.in_force()
        ids = _sampled(in_force.state.customer_ids(), customers, seed)
        with open_warehouse(workspace) as warehouse:
            drain_journal(workspace, warehouse)
            files, live = _since(warehouse, in_force.published)
            values, found = _compared(service, in_force, warehouse, workspace, ids)
    finally:
        service.close()
    published = in_force.published
    return ParityReport(len(ids), values, published.cut_us, published.model_version, found, files, live)


def _compared(
    service: LiveService, in_force: InForce, warehouse: Warehouse, workspace: Workspace, ids: list[str]
) -> tuple[int, tuple[Difference, ...]]:
    """How many values each customer has, and what differs."""
    policy, cut_us = in_force.policy, in_force.published.cut_us
    people = population(warehouse.con, workspace.config, policy, as_of_us=cut_us, only=ids)
    known = set(people.customer_ids)
    found = [Difference(i, "customer", "not in the warehouse", "known") for i in ids if i not in known]
    values = 0
    posterior = service.posterior(in_force)
    with closing(OnlineStore(workspace.online_path)) as online:
        told = circumstances_of(people, workspace.config, policy, online)
    if in_force.room is not None:
        told = replace(told, charge=in_force.room.at_night[0], tie_width=in_force.tie_width)
    for chunk in score_chunks(people, policy, threads=1, seed=in_force.seed, posterior=posterior, told=told):
        for row, customer_id in enumerate(people.customer_ids[chunk.first : chunk.last]):
            night = dict(_values(policy, chunk.customers, chunk.scores, chunk.decision, row))
            values = len(night)
            found += _differences(customer_id, night, dict(_live(service, in_force, customer_id)))
    return values, tuple(found)


def _sampled(ids: list[str], most: int, seed: int) -> list[str]:
    if len(ids) <= most:
        return ids
    chosen = generator(seed, "parity customers").choice(len(ids), most, replace=False)
    return [ids[k] for k in np.sort(chosen)]


def _since(warehouse: Warehouse, published: Published) -> tuple[int, bool]:
    files = warehouse.rows("decide/batches_loaded_since", since=as_timestamp(published.published_us))[0][0]
    return int(files), live_position(warehouse) > published.journal_position


def _live(service: LiveService, in_force: InForce, customer_id: str) -> Iterator[tuple[str, Any]]:
    question = Question(None, customer_id, in_force.published.cut_us, dry_run=True)
    subjects = Subjects.of_night([customer_id], in_force.published.cut_us, in_force.seed)
    known = service.reading(in_force).at(question, subjects.decision_ids[0], in_force.customer(customer_id))
    decision = in_force.policy.decide(
        known.customers, known.scores, subjects=subjects, posterior=service.posterior(in_force),
        told=_as_at_night(in_force, known.told, customer_id),
    )  # fmt: skip
    yield from _values(in_force.policy, known.customers, known.scores, decision, 0)


def _as_at_night(in_force: InForce, told: Circumstances, customer_id: str) -> Circumstances:
    """What the night would look at: its prices, and every contact that is known by now."""
    charge = None if in_force.room is None else in_force.charge([in_force.room.at_night[0]], [customer_id])
    return replace(told, live=False, charge=charge, full=None)


def _values(
    policy: Policy, customers: CustomerFeatures, scores: Scores, decision: Decision, row: int
) -> Iterator[tuple[str, Any]]:
    """Everything a path says about one customer, by name."""
    features = policy.bundle.features
    for name, value in zip(features.plan.names, customers.numbers[row], strict=True):
        yield name, value
    for name, column in customers.attributes.items():
        yield name, column[row]
    for dimension, keys in (
        ("action", features.pairs.actions), ("tag", features.pairs.tags), ("channel", features.pairs.channels),
    ):  # fmt: skip
        for names, values in zip(keys, getattr(customers.pairs, dimension)[row], strict=True):
            for name, value in zip(features.pairs.names(dimension, ("short", "long")), values, strict=True):
                yield f"{name} {names}", value
    for name, column in scores.items():
        yield f"score {name}", column[row]
    yield "expected outcome of nothing", decision.nothing[row]
    for j, offer in enumerate(policy.catalogue.offers):
        label = f"{offer.action.id} ({offer.channel})"
        yield f"expected outcome of {label}", decision.expected[row, j]
        yield f"net value of {label}", decision.net_value[row, j]
        yield f"P(convert) of {label}", decision.conversion[row, j]
        yield f"step that removed {label}", decision.removed[row, j]
        yield f"place {j + 1} of the ranking", decision.order[row, j]
        yield f"probability of {label}", decision.probability[row, j]
        yield f"probability of {label} within the arm", decision.probability_in_arm[row, j]
    yield "probability of nothing", decision.probability[row, -1]
    yield "arm", decision.arm[row]
    yield "chosen", decision.chosen[row]


def _differences(customer_id: str, night: dict[str, Any], live: dict[str, Any]) -> Iterator[Difference]:
    for name, value in night.items():
        other = live.get(name)
        if not same_bits(value, other):
            yield Difference(customer_id, name, _shown(value), _shown(other))


def same_bits(a: Any, b: Any) -> bool:
    """Whether two values are the same to the last bit; null is null, whatever its bits.

    >>> same_bits(0.1 + 0.2, 0.3), same_bits(float("nan"), float("nan")), same_bits("a", "a"), same_bits(0.0, -0.0)
    (False, True, True, False)
    """
    if a is None or b is None or isinstance(a, str) or isinstance(b, str):
        return bool(a is b or a == b)
    if a != a or b != b:
        return bool(a != a and b != b)
    return np.float64(a).tobytes() == np.float64(b).tobytes()


def _shown(value: Any) -> str:
    if value is None or value != value:
        return "unknown"
    return value if isinstance(value, str) else repr(value.item() if hasattr(value, "item") else value)
