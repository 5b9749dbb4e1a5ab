"""Why one customer gets one action: the money term by term, what mattered, everything else, what was ruled out."""

from __future__ import annotations

import json
import math
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nbatool.base.records import NOTHING
from nbatool.decide.arms import ARMS
from nbatool.decide.assemble import champion_policy
from nbatool.decide.batch import ScoredChunk, circumstances_of, population, score_chunks
from nbatool.decide.contributions import Contributions, uplift_contributions
from nbatool.decide.decision import Decision
from nbatool.decide.expected import Expectation
from nbatool.decide.how_chosen import was_tried
from nbatool.decide.policy import Policy
from nbatool.decide.published import terms_in_force
from nbatool.decide.reasons import SINCE, Reasons, response_words, response_worth
from nbatool.features.known import require_known
from nbatool.features.meanings import PAIR_WINDOWS, meanings, values_of
from nbatool.features.pairs import DIMENSIONS
from nbatool.ingest.catalogue import load_catalogue
from nbatool.ingest.drain import drain_journal
from nbatool.models.posterior import Posterior
from nbatool.models.posterior_arms import fitted
from nbatool.profile.present import present_us
from nbatool.store.online import OnlineStore
from nbatool.store.warehouse import open_warehouse

if TYPE_CHECKING:
    from nbatool.store.workspace import Workspace

ITSELF = "the action itself"
"""What its name, kind, channel and terms add, whatever is known about the customer."""
ROUNDING = 1e-9


@dataclass(frozen=True)
class Ranked:
    """An offer and its money; ``removed_by`` says what ruled it out, with the values it saw. `nothing` has no channel.

    ``uplift`` is None where values come from propensities: no effect is known.
    """

    action_id: str
    action_name: str
    channel: str | None
    net_value: float
    uplift: float | None
    expected_outcome: float
    removed_by: str | None


@dataclass(frozen=True)
class Term:
    """A part of a sum of money, in words; ``feature`` names the one it comes from, where it comes from one."""

    words: str
    money: float
    feature: str | None = None


@dataclass(frozen=True)
class Explanation:
    """One decision, explained.

    Parameters
    ----------
    chosen
        What to do; None for nothing.
    about
        The offer explained: the one asked for, else the chosen one, else the best that is possible; None when nothing
        is possible and nothing was asked for.
    terms
        Parts of the net value of ``about``.
    mattered
        Parts of its uplift, greatest first.
    expected_nothing
        Expected outcome of doing nothing.
    ranked, removed
        All other offers: possible ones best first, and those ruled out.
    scores
        Propensities, lifetime value and segment; None where unknown.
    by_propensity
        Whether no contact was logged, so that values are propensity × value per response.
    allow_nothing
        Whether doing nothing may be chosen.
    horizon_s
        Seconds that lifetime value and expected purchases look ahead; None without a model of them.
    arm
        The experiment group the customer is in.
    probability
        The chance of the choice within that group.
    uplift_se
        Standard error of the uplift of ``about``; None where no effect is known.
    """

    customer_id: str
    as_of_us: int
    model_version: str
    chosen: Ranked | None
    about: Ranked | None
    terms: tuple[Term, ...]
    mattered: tuple[Term, ...]
    expected_nothing: float
    ranked: tuple[Ranked, ...]
    removed: tuple[Ranked, ...]
    scores: dict[str, float | str | None]
    by_propensity: bool
    allow_nothing: bool = True
    horizon_s: int | None = None
    arm: str = "policy"
    probability: float = 1.0
    uplift_se: float | None = None

    @property
    def worth(self) -> float:
        """Net value of what was chosen."""
        return 0.0 if self.chosen is None else self.chosen.net_value

    @property
    def best_known(self) -> Ranked | None:
        """The possible offer worth most; None where doing nothing is worth as much, or nothing is possible."""
        best = max(self.candidates_possible, key=lambda o: o.net_value, default=None)
        return None if best is None or (self.allow_nothing and best.net_value <= 0) else best

    @property
    def tried(self) -> bool:
        """Whether something else than the best was chosen, to learn from it."""
        best = self.best_known
        is_best = self.worth >= 0.0 if best is None else self.chosen == best
        return self.arm == "policy" and was_tried(is_best, self.probability)

    @property
    def candidates_possible(self) -> tuple[Ranked, ...]:
        """The offers nothing ruled out."""
        every = (*self.ranked, *((self.about,) if self.about is not None else ()))
        return tuple(o for o in every if o.removed_by is None)

    @property
    def candidates(self) -> tuple[int, int]:
        """How many candidates were looked at, and of how many actions: an action on each of its channels is one."""
        offers = [o for o in (*self.ranked, *self.removed, self.about) if o is not None]
        return len(offers), len({o.action_id for o in offers})

    @property
    def runner_up(self) -> Ranked | None:
        """What would be done without the chosen action: the best other one, or `nothing` where none is worth more.

        None where nothing is chosen: every action is worth less.
        """
        if self.chosen is None:
            return None
        others = [o for o in self.candidates_possible if o.action_id != self.chosen.action_id]
        best = max(others, key=lambda o: o.net_value, default=None)
        if not self.allow_nothing or (best is not None and best.net_value > 0):
            return best
        return Ranked(NOTHING, NOTHING, None, 0.0, 0.0, self.expected_nothing, None)


def explain_customer(
    workspace: Workspace, customer_id: str, *, as_of_us: int | None = None, action: str | None = None
) -> Explanation:
    """Explain what is best for a customer at a moment, by the model in force.

    The caller holds the workspace lock.

    Parameters
    ----------
    as_of_us
        The moment; None for the present.
    action
        Explain this action, called by id or name, rather than the best one.

    Raises
    ------
    DataError
        The customer is not known before the moment; no model is trained.
    UsageError
        The catalogue has no such action, or several of that name.
    """
    version, policy = champion_policy(workspace, load_catalogue(workspace.config))
    asked = None if action is None else policy.catalogue.action_called(action)
    with open_warehouse(workspace) as warehouse:
        drain_journal(workspace, warehouse)
        moment = present_us(warehouse.con, workspace.config, as_of_us)
        require_known(warehouse.con, customer_id, moment)
        people = population(warehouse.con, workspace.config, policy, as_of_us=moment, only=[customer_id])
        in_force = terms_in_force(workspace, version)
        policy = replace(policy, practice=in_force.practice)
        posterior = fitted(in_force.posterior, policy.candidates)
        with closing(OnlineStore(workspace.online_path)) as online:
            told = circumstances_of(people, workspace.config, policy, online)
        (chunk,) = score_chunks(people, policy, threads=1, seed=in_force.seed, posterior=posterior, told=told)
    return explained(policy, chunk, customer_id, moment, version, asked, posterior)


def explained(
    policy: Policy,
    chunk: ScoredChunk,
    customer_id: str,
    as_of_us: int,
    version: str,
    action: str | None = None,
    posterior: Posterior | None = None,
) -> Explanation:
    """Explain the first decision of a chunk; ``posterior`` is what it was made with."""
    decision, scores = chunk.decision, {name: _plain(values[0]) for name, values in chunk.scores.items()}
    offers = [_ranked(policy, chunk, scores, j) for j in range(len(policy.catalogue.offers))]
    chosen = int(decision.chosen[0])
    about = _about(policy, decision, action)
    order = [int(j) for j in decision.order[0] if j != about]
    return Explanation(
        customer_id, as_of_us, version,
        chosen=offers[chosen] if chosen >= 0 else None,
        about=None if about is None else offers[about],
        terms=() if about is None else _terms(policy, decision, about),
        mattered=() if about is None else _mattered(policy, chunk, about),
        expected_nothing=float(decision.nothing[0]),
        ranked=tuple(offers[j] for j in order if offers[j].removed_by is None),
        removed=tuple(offers[j] for j in order if offers[j].removed_by is not None),
        scores=scores,
        by_propensity=policy.by_propensity,
        allow_nothing=policy.catalogue.allow_nothing,
        horizon_s=None if policy.bundle.clv is None else json.loads(policy.bundle.clv)["settings"]["horizon_s"],
        arm=ARMS[decision.arm[0]],
        probability=float(decision.probability_in_arm[0, chosen]),
        uplift_se=None if about is None else _uplift_se(policy, chunk, about, posterior),
    )  # fmt: skip


def _uplift_se(policy: Policy, chunk: ScoredChunk, j: int, posterior: Posterior | None) -> float | None:
    """How sure the uplift of an offer is: the model's error and what is still open about the correction to it."""
    bundle, decision = policy.bundle, chunk.decision
    if bundle.outcome is None or bundle.decision is None:
        return None
    columns = Expectation(bundle, policy.catalogue).columns
    encoded = bundle.customer.encode(chunk.customers)
    x = bundle.decision.of_candidates(chunk.customers, encoded, columns, policy.catalogue.actions)
    of_model = float(bundle.outcome.uplift_se(x, len(columns), decision.modelled[:, -1])[0, j])
    open_still = 0.0 if posterior is None else float(posterior.uplift_sd(decision.phi, j)[0])
    return math.hypot(of_model, open_still)


def _plain(value: Any) -> float | str | None:
    if value is None or isinstance(value, str):
        return value
    return None if value != value else float(value)


def _ranked(policy: Policy, chunk: ScoredChunk, scores: dict[str, Any], j: int) -> Ranked:
    decision, offer = chunk.decision, policy.catalogue.offers[j]
    return Ranked(
        offer.action.id, offer.action.name, offer.channel, float(decision.net_value[0, j]),
        policy.known_uplift(decision, 0, j), float(decision.expected[0, j]),
        Reasons(policy).removed(
            chunk.customers, scores, decision, 0, j, told=chunk.told, customer_id=chunk.subjects.customer_ids[0]
        ),
    )  # fmt: skip


def _about(policy: Policy, decision: Decision, action: str | None) -> int | None:
    """The offer to explain; of an action's channels the possible one that is worth most."""
    offers = policy.catalogue.offers
    if action is None:
        chosen, possible = int(decision.chosen[0]), decision.possible(0)
        return chosen if chosen >= 0 else possible[0] if possible else None
    own = [j for j, offer in enumerate(offers) if offer.action.id == action]
    return max(own, key=lambda j: (decision.removed[0, j] == 0, decision.net_value[0, j]))


def _terms(policy: Policy, decision: Decision, j: int) -> tuple[Term, ...]:
    """The parts of the net value; they sum to it."""
    action, uplift = policy.catalogue.offers[j].action, float(decision.uplift[0, j])
    if policy.by_propensity:
        response, since = response_worth(decision, 0, j)
        terms = [Term(response_words(policy, decision, 0, j), response)]
        terms += [Term(SINCE, since)] if abs(since) > ROUNDING else []
    else:
        terms = [Term("expected against doing nothing", uplift)]
    if action.lever != 1.0:
        terms.append(Term(f"lever {action.lever:g}, set by hand", (action.lever - 1.0) * uplift))
    if action.cost:
        terms.append(Term("cost of the contact", -action.cost))
    if action.cost_per_conversion:
        chance = float(decision.conversion[0, j])
        words = f"cost of a conversion, {action.cost_per_conversion:g}, times its chance, {chance:.3f}"
        terms.append(Term(words, -action.cost_per_conversion * chance))
    return tuple(terms)


def _mattered(policy: Policy, chunk: ScoredChunk, j: int) -> tuple[Term, ...]:
    """What each feature adds to the uplift, in words; the columns that describe the action are one part."""
    customers = chunk.customers
    encoded = policy.bundle.customer.encode(customers)
    found = uplift_contributions(Expectation(policy.bundle, policy.catalogue), customers, encoded, j)
    words = _words(policy, chunk, found)
    parts = [
        Term(words[name], float(money), name)
        for name, money in zip(found.names, found.money, strict=True)
        if name in words and money
    ]
    itself = float(sum(m for name, m in zip(found.names, found.money, strict=True) if name not in words))
    if itself:
        parts.append(Term(ITSELF, itself))
    if found.base:
        parts.append(Term("what the average customer brings", found.base))
    since = float(chunk.decision.uplift[0, j]) - sum(part.money for part in parts)
    if abs(since) > ROUNDING:
        parts.append(Term(SINCE, since))
    return tuple(sorted(parts, key=lambda part: (-abs(part.money), part.words)))


def _words(policy: Policy, chunk: ScoredChunk, found: Contributions) -> dict[str, str]:
    """Meaning and value of every column about the customer, alone or with the action."""
    features = policy.bundle.features
    said = {m.name: m.meaning for m in meanings(features)}
    own = {a.name: a for a in features.attributes}
    words = {}
    for name, (_, value) in values_of(features, chunk.customers, 0).items():
        if name in own:
            label = f"days_since_{name}" if own[name].type == "time" else name
            words[label] = f"{name.replace('_', ' ')}: {value}"
        else:
            words[name] = f"{said[name]}: {value}"
    x = dict(zip(found.names, found.x, strict=True))
    for dimension in DIMENSIONS:
        for name in features.pairs.names(dimension, PAIR_WINDOWS):
            if name in x:
                value = "never" if x[name] != x[name] else f"{x[name]:,.4g}"
                words[name] = f"{said[name]}: {value}"
    return words
