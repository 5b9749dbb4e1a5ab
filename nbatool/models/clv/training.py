"""From purchases to a lifetime value model: choose, fit, check, and say plainly what could not be done."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from nbatool.models.clv.bg_nbd import Parameters
from nbatool.models.clv.fallback import pooled_parameters, too_few
from nbatool.models.clv.families import FAMILIES, MBG_NBD, Family
from nbatool.models.clv.fit_check import fit_check
from nbatool.models.clv.fitting import Fit, fit_family
from nbatool.models.clv.model import ClvModel
from nbatool.models.clv.purchases import DAYS_PER_WEEK, Purchases, Rows, collapse
from nbatool.models.clv.selection import Candidate, Selection, choose_family
from nbatool.models.clv.settings import DAY_S, ClvSettings
from nbatool.models.clv.spend import fit_spend

LONG_HORIZON = 2.0
"""A horizon of more than this many times the longest history is said to be an extrapolation."""


@dataclass(frozen=True)
class _Outcome:
    """What fitting came to: a family with parameters, or None for both; how it was chosen; what went wrong."""

    family: Family | None
    parameters: Parameters | None
    fit: Fit | None
    selection: Selection | None
    warnings: tuple[str, ...]


def fit_clv(purchases: Purchases, settings: ClvSettings, seed: int) -> ClvModel:
    """Fit purchases and spend; never fails for want of data.

    Parameters
    ----------
    purchases
        All customers with at least one purchase day (may be empty).
    settings
        Model to fit ("auto" chooses) and what to predict later.
    seed
        Draws the customers the choice is made on.

    Returns
    -------
    ClvModel
        With `fallback` true and a warning where the data could not carry a fit; of family "none", predicting
        NaN, where nothing can be said.
    """
    rows, _ = collapse(purchases)
    outcome = _fit_purchases(rows, settings, seed)
    spend, spend_warnings = fit_spend(purchases)
    card = _card(rows, outcome)
    warnings = [
        *outcome.warnings,
        *_horizon_warning(rows, settings),
        *(spend_warnings if len(purchases) else ()),
    ]
    if outcome.family is not None and outcome.parameters is not None:
        card["fit_check"], found = fit_check(outcome.family, outcome.parameters, rows, seed=seed)
        warnings += () if outcome.fit is None else found
    card["spend"] = asdict(spend)
    card["warnings"] = warnings
    return ClvModel(
        settings=settings,
        family="none" if outcome.family is None else outcome.family.name,
        parameters=outcome.parameters or (),
        spend=spend,
        fallback=outcome.fit is None,
        card=card,
    )


def _fit_purchases(rows: Rows, settings: ClvSettings, seed: int) -> _Outcome:
    why = too_few(rows)
    if why:
        return _fall_back(rows, why, None)
    selection = None
    order = [FAMILIES[settings.model]] if settings.model != "auto" else []
    starts: dict[str, Fit] = {}
    if settings.model == "auto":
        selection = choose_family(rows, seed=seed)
        order = _by_preference(selection)
        starts = {c.family.name: c.fit for c in selection.candidates if c.fit}
    for family in order:
        fit = fit_family(family, rows, seed=seed, start=starts.get(family.name))
        if fit is not None:
            return _Outcome(family, fit.parameters, fit, selection, _penalty_warning(family, fit))
    names = ", ".join(family.title for family in order) or "any model"
    return _fall_back(rows, f"{names} did not converge on these purchases", selection)


def _penalty_warning(family: Family, fit: Fit) -> tuple[str, ...]:
    if not fit.penalty:
        return ()
    warning = (
        f"{family.title} converged only with a small penalty on large parameters: customers hardly differ in how "
        "they buy or leave, and p_alive is uncertain"
    )
    return (warning,)


def _by_preference(selection: Selection) -> list[Family]:
    """Return the chosen family first, then the other converged ones by held-out log-likelihood."""
    chosen = selection.chosen
    if chosen is None:
        return []
    others = [c for c in selection.candidates if c.fit is not None and c is not chosen]
    others.sort(key=lambda c: -(c.held_out_log_likelihood or 0.0))
    return [chosen.family, *(c.family for c in others)]


def _fall_back(rows: Rows, why: str, selection: Selection | None) -> _Outcome:
    if not len(rows.x):
        warning = "no purchases: lifetime values, expected purchases and p_alive are unknown (null)"
        return _Outcome(None, None, None, selection, (warning,))
    parameters = pooled_parameters(rows)
    if parameters is None:
        warning = (
            "all purchases were made on the last day observed: how often customers come back is unknown, "
            "and so are lifetime values (null)"
        )
        return _Outcome(None, None, None, selection, (warning,))
    warning = f"{why}: a pooled purchase rate, weighed against each customer's own purchases, is used instead"
    return _Outcome(MBG_NBD, parameters, None, selection, (warning,))


def _horizon_warning(rows: Rows, settings: ClvSettings) -> tuple[str, ...]:
    longest = float(rows.age.max(initial=0.0))
    if longest <= 0 or settings.horizon_weeks <= LONG_HORIZON * longest:
        return ()
    warning = (
        f"the horizon of {settings.horizon_s // DAY_S} days is more than {LONG_HORIZON:g} times the longest "
        f"history ({longest * DAYS_PER_WEEK:.0f} days): lifetime values are extrapolated"
    )
    return (warning,)


def _card(rows: Rows, outcome: _Outcome) -> dict[str, Any]:
    family, fit, selection = outcome.family, outcome.fit, outcome.selection
    named = zip(family.parameter_names, outcome.parameters or (), strict=True) if family else ()
    return {
        "model": family.name if family and fit else ("pooled_rate" if family else "none"),
        "title": family.title if family and fit else ("pooled rate" if family else "none"),
        "fallback": fit is None,
        "unit": "week",
        "parameters": dict(named),
        "n_customers": rows.n_customers,
        "n_repeat_customers": rows.repeat_customers,
        "n_rows": len(rows.x),
        "n_customers_fitted": fit.n_customers if fit else 0,
        "penalty": fit.penalty if fit else None,
        "log_likelihood": fit.log_likelihood if fit else None,
        "chosen_by": "held-out log-likelihood" if selection else ("configuration" if fit else "none"),
        "n_held_out": selection.n_held_out if selection else 0,
        "candidates": [_candidate(c) for c in selection.candidates] if selection else [],
    }


def _candidate(candidate: Candidate) -> dict[str, Any]:
    family, fit = candidate.family, candidate.fit
    return {
        "model": family.name,
        "title": family.title,
        "converged": fit is not None,
        "parameters": dict(zip(family.parameter_names, fit.parameters, strict=True)) if fit else {},
        "penalty": fit.penalty if fit else None,
        "log_likelihood": fit.log_likelihood if fit else None,
        "held_out_log_likelihood": candidate.held_out_log_likelihood,
        "gain_over_bg_nbd": candidate.gain,
        "gain_standard_error": candidate.gain_error,
    }
