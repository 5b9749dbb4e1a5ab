"""What `nbatool score` was asked for, and what it did."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from nbatool.activate.approved import Approved
from nbatool.activate.files import FileFormat
from nbatool.activate.funnel_tally import FunnelStep
from nbatool.activate.put_back import PutBack
from nbatool.activate.tally import Share
from nbatool.decide.limits import LimitLine


@dataclass(frozen=True)
class ScoreSettings:
    """What `nbatool score` was asked for; ``out`` "-" is stdout, None the default names."""

    out: str | None = None
    file_format: FileFormat = "csv"
    top: int = 1
    most: int | None = None
    include_nothing: bool = False
    dry_run: bool = False
    seed: int = 0
    threads: int = 1
    explain: bool = False


@dataclass(frozen=True)
class Unconfirmed:
    """Contacts within the windows of guardrails that nobody confirmed in time: they count no longer.

    Parameters
    ----------
    after_s
        In what time, in seconds.
    """

    contacts: int
    after_s: int


@dataclass(frozen=True)
class ScoreReport:
    """What was decided.

    Parameters
    ----------
    mix
        What each action was chosen for, `nothing` among them, most customers first.
    plan_value
        Net value over everybody in currency; doing nothing is 0.
    best_single
        The action that would be worth most if everybody it is possible for got it, and that worth.
    within_s
        How far ahead the outcomes look, in seconds; None where values come from propensities.
    by_propensity
        Whether no contact was logged, so that values are propensity × value per response.
    learned_until_us
        The model learned from what happened before this.
    exploring
        What trying other candidates than the best is expected to cost, in currency.
    kept_apart
        Customers in an arm of the experiment other than the policy's.
    apart
        What those customers are expected to miss, in currency: their best net value less what they get.
    tried
        Customers of the policy's arm who get something worth less than their best.
    standing
        Customers whose decision of this time somebody acted on before: it stands.
    why_not_logged
        Why nobody is to be contacted by this plan, so that it is not in the log; None where it is.
    contacted
        Customers with a contact in the action file.
    waiting
        Decisions that wait for a person, and so are not in the file.
    approved
        What became of the approved decisions of earlier nights.
    limits
        What limits on everybody left of this night's contacts, and their prices.
    put_back
        What was put back into the contact log from the decision log; None where it knew every night.
    unconfirmed
        Contacts that count no longer, as nobody confirmed them; None where there are none, or nothing counts contacts.
    funnel
        What each step left of all candidates; None where that was not asked for.
    """

    as_of_us: int
    model_version: str
    customers: int
    mix: tuple[Share, ...]
    plan_value: float
    best_single: tuple[str, float] | None
    actions_file: Path | None
    scores_file: Path | None
    published: bool
    why_not_published: str | None
    by_propensity: bool
    best_customer: str | None
    within_s: int | None
    learned_until_us: int | None = None
    exploring: float = 0.0
    kept_apart: int = 0
    apart: float = 0.0
    tried: int = 0
    standing: int = 0
    why_not_logged: str | None = None
    contacted: int = 0
    waiting: int = 0
    approved: Approved = field(default_factory=Approved)
    limits: tuple[LimitLine, ...] = ()
    put_back: PutBack | None = None
    unconfirmed: Unconfirmed | None = None
    funnel: tuple[FunnelStep, ...] | None = None

    @property
    def knows_the_future(self) -> bool:
        """Whether the model learned from data after the moment scored: it cannot be judged by these decisions."""
        return self.learned_until_us is not None and self.learned_until_us > self.as_of_us
