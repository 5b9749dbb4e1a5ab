"""What `nbatool score` says: what to do now, for how many, worth what; where the files are."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from nbatool.activate.put_back import PutBack
from nbatool.activate.scored import ScoreReport, Unconfirmed
from nbatool.activate.tally import Share
from nbatool.base.clock import format_duration, format_time
from nbatool.base.next_step import nearest
from nbatool.base.records import NOTHING
from nbatool.decide.limits import LimitLine
from nbatool.report.bars import bar
from nbatool.report.figures import counted, minute_text, money_text, number_text
from nbatool.report.funnel_report import funnel_json, funnel_text
from nbatool.report.tables import cut, paragraph, table_lines
from nbatool.report.train_report import NO_CONTACT

MOST_ACTIONS = 4
MOST_HELD_BACK = 3
LARGE = 0.2
"""Share of the plan's worth above which an action is named, however many there are."""
NO_ACTION = (
    "no actions are configured: add [[action]] tables to nba.toml (docs/nba-toml.md); the scores file has what is "
    "known about each customer"
)

NOBODY = (
    "nobody is scored: known customers, who would be, are those with an event or a line of a customers file from before "
    '{}, and there is none. A log of decisions alone makes nobody known. Load a [[source]] of kind = "customers" or '
    '"events": nbatool ingest'
)
LEARNED_LATER = "the model in force learned from data until {}, after this time: do not judge it by these"
FUNNEL = "What each step leaves and removes (a candidate is an action on a channel)"
RESPONSES = "expected responses less costs, not an effect"


def score_text(
    report: ScoreReport, currency: str, width: int, command: str = "nbatool", warning: str | None = None
) -> str:
    """Return what was decided as a table of actions, the plan's worth, and where to look next.

    ``command`` is how a command on this workspace begins; ``warning`` what the settings asked for and did not get.
    """
    ahead = f", for the next {format_duration(report.within_s)}" if report.within_s else ""
    lines = [f"What to do now, as of {minute_text(format_time(report.as_of_us))}{ahead}", ""]
    if report.customers:
        lines += _mix(report, currency, width)
        lines += ["", *_worth(report, currency, width), *_practice(report, currency, width)]
        lines += _limits(report, currency, width)
    else:
        lines += paragraph(NOBODY.format(minute_text(format_time(report.as_of_us))), first="! ", width=width)
    lines += ["", *paragraph(warning, first="! ", width=width)] if warning is not None else []
    if report.mix and all(share.action_id == NOTHING for share in report.mix):
        lines += ["", *paragraph(NO_ACTION, first="! ", width=width)]
    elif report.by_propensity:
        lines += ["", *paragraph(NO_CONTACT, first="! ", width=width)]
    if report.knows_the_future and report.learned_until_us is not None:
        until = minute_text(format_time(report.learned_until_us))
        lines += ["", *paragraph(LEARNED_LATER.format(until), first="! ", width=width)]
    if report.put_back is not None:
        lines += ["", *paragraph(_put_back(report.put_back, report, command), first="! ", width=width)]
    if report.unconfirmed is not None:
        lines += ["", *paragraph(_unconfirmed(report.unconfirmed, command), first="! ", width=width)]
    lines += ["", *_files(report, command, width)]
    lines += [] if report.funnel is None else ["", FUNNEL, "", funnel_text(report.funnel, width)]
    return "\n".join(lines)


PRICED = "Money above is what the plan is expected to earn; net_value in the file ranks with these prices taken off."


def _mix(report: ScoreReport, currency: str, width: int) -> list[str]:
    shown = _shown(report.mix)
    most = max((share.net_value for share in shown), default=0.0)
    numbers = [
        (number_text(s.customers), money_text(_each(s), currency), money_text(s.net_value, currency, 0))
        for s in shown
    ]
    names = [cut(share.name, max(24, width - 50)) for share in shown]
    heads = ("action", "customers", "net value each", "in all", "")
    taken = [
        max(map(len, column))
        for column in zip(heads[:4], *zip(names, *zip(*numbers, strict=True), strict=True), strict=True)
    ]
    longest = min(30, max(4, width - 10 - sum(taken)))
    rows = [
        (name, *cells, bar(share.net_value, most, longest))
        for name, cells, share in zip(names, numbers, shown, strict=True)
    ]
    lines = table_lines(heads, rows, right="lrrrl", width=width)
    idle = [s for s in report.mix if s.customers == 0 and s.action_id != NOTHING]
    if idle:
        names_idle = ", ".join(s.name for s in idle[:3]) + (
            f" and {len(idle) - 3} more" if len(idle) > 3 else ""
        )
        lines += paragraph(f"best for nobody now: {names_idle}", width=width)
    return lines


def _each(share: Share) -> float:
    return share.net_value / share.customers if share.customers else 0.0


def _shown(mix: Sequence[Share]) -> list[Share]:
    """Nothing, the four actions worth most and each of more than a fifth of the plan, then the other ones together."""
    used = [s for s in mix if s.customers or s.action_id == NOTHING]
    used.sort(key=lambda s: (-s.net_value, -s.customers, s.action_id))
    actions = [s for s in used if s.action_id != NOTHING]
    fifth = LARGE * abs(sum(s.net_value for s in actions))
    head = [s for k, s in enumerate(actions) if k < MOST_ACTIONS or abs(s.net_value) > fifth]
    rest = [s for s in actions if s not in head]
    shown = [s for s in used if s.action_id == NOTHING or s in head]
    if len(rest) == 1:
        return [*shown, rest[0]]
    if rest:
        together = sum(s.customers for s in rest), sum(s.net_value for s in rest)
        shown.append(Share("", f"{len(rest)} more", *together))
    return shown


def _worth(report: ScoreReport, currency: str, width: int) -> list[str]:
    rows = [("this plan", money_text(report.plan_value, currency, 0))]
    if report.best_single is not None:
        action_id, value = report.best_single
        name = next((s.name for s in report.mix if s.action_id == action_id), action_id)
        without = ", if nothing were limited" if report.limits else ""
        rows.append((f"best single action ({name}){without}", money_text(value, currency, 0)))
    if report.by_propensity:
        # What would come without any action is not known, so there is nothing to set the plan against.
        return table_lines((RESPONSES, ""), rows, right="lr", width=width)
    rows.append(("nothing", money_text(0.0, currency, 0)))
    return table_lines(("", ""), rows, right="lr", width=width)


def _practice(report: ScoreReport, currency: str, width: int) -> list[str]:
    """What learning costs tonight: candidates tried, customers kept apart."""
    said = []
    if report.tried:
        said.append(
            f"{counted(report.tried, 'customer')} {_get(report.tried)} something worth less than the best, to learn from it "
            f"(expected cost {money_text(report.exploring, currency, 0)})"
        )
    if report.kept_apart:
        said.append(
            f"{counted(report.kept_apart, 'customer')} {'is' if report.kept_apart == 1 else 'are'} kept apart, to measure "
            f"what the plan earns (expected cost {money_text(report.apart, currency, 0)})"
        )
    return [line for each in said for line in paragraph(each, width=width)]


def _limits(report: ScoreReport, currency: str, width: int) -> list[str]:
    """Each limit: what this plan uses of what was left, and what one more unit would earn."""
    if not report.limits:
        return []
    rows = [
        (
            limit.name, number_text(limit.used) if limit.part is None else f"{limit.part:.1%}", _bound(limit),
            money_text(abs(limit.price), currency) if limit.price else "", number_text(limit.taken_out or 0),
        )
        for limit in report.limits
    ]  # fmt: skip
    heads = ("limit", "used", "left before", "one more earns", "taken out")
    lines = ["", *table_lines(heads, rows, right="lrrrr", width=width)]
    if any(limit.price for limit in report.limits):
        lines += paragraph(PRICED, width=width)
    short = [limit for limit in report.limits if limit.short > 0.0]
    for limit in short:
        lines += paragraph(f"{limit.name}: too few can get it", first="! ", width=width)
    return lines


def _bound(limit: LimitLine) -> str:
    return "" if limit.most is None or limit.part is not None else number_text(limit.most)


def _get(n: int) -> str:
    return "gets" if n == 1 else "get"


def _files(report: ScoreReport, command: str, width: int) -> list[str]:
    rows = []
    if report.actions_file is not None:
        said = f"{counted(report.contacted, 'customer')} with an action, best first"
        rows.append((nearest(report.actions_file), said))
    if report.scores_file is not None:
        rows.append((nearest(report.scores_file), counted(report.customers, "customer")))
    at = 9 + max((len(path) for path, _ in rows), default=0) + 2
    # A path is for copying, so it stays whole: where its words do not fit beside it they go below.
    beside = all(at + len(said) <= width for _, said in rows)
    files = [
        line
        for path, said in rows
        for line in ([f"{'':<9}{path:<{at - 9}}{said}"] if beside else [f"{'':<9}{path}", f"{'':<11}{said}"])
    ]
    if files:
        files[0] = f"Files    {files[0].lstrip()}"
    live = "decides with this from now on" if report.published else f"unchanged: {report.why_not_published}"
    lines = [*files, f"Live     {live}"]
    if report.why_not_logged is not None:
        why = report.why_not_logged if report.published else "a trial"
        lines.append(f"Log      has none of these decisions ({why}): contact nobody by them")
    lines += _reviews(report, command)
    if report.standing:
        stands = f"{counted(report.standing, 'decision')} of this time had been acted on: as before"
        lines.append(f"Stands   {stands}")
    if report.best_customer is not None:
        lines.append(f"Next     {command} explain {shlex.quote(report.best_customer)}")
    return lines


def _put_back(back: PutBack, report: ScoreReport, command: str) -> str:
    """What the contact log did not know, and what is lost with it."""
    is_trial = not report.published
    said = (
        f"{counted(back.contacts, 'contact')} {'counted' if is_trial else 'put back'} from the decision log"
    )
    if back.earlier:
        said += f" ({back.earlier:,} more of earlier count for stock)"
    if back.was_new:
        said += ": online.db was new. What was in the old one is lost: suppressions made by hand, and decisions that waited "
        said += f"for review ({command} suppress list, {command} review list)"
    else:
        what = counted(back.nights, "night") if back.nights else "them"
        said += f": online.db did not know {what}. "
        said += "If it was replaced by an older copy, suppressions and words on reviews made since are lost"
    return f"{said}. A trial changes nothing: the next score puts them back" if is_trial else said


def _unconfirmed(found: Unconfirmed, command: str) -> str:
    """What caps and limits forget, and how to keep them from it."""
    count = counted(found.contacts, "contact")
    return (
        f"{count} of before {'was' if found.contacts == 1 else 'were'} never confirmed within "
        f"{format_duration(found.after_s)} ([guardrails] unconfirmed_after), so that caps, gaps and limits count them no longer: "
        f"tell {command} learn, or a source of contact events, what went out"
    )


def _reviews(report: ScoreReport, command: str) -> list[str]:
    """What waits for a person, and what a person let go."""
    lines = []
    if report.waiting:
        lines.append(
            f"Review   {counted(report.waiting, 'decision')} wait for a person: {command} review list"
            if report.waiting > 1
            else f"Review   1 decision waits for a person: {command} review list"
        )
    if report.approved.going:
        lines.append(f"         {counted(len(report.approved.going), 'approved decision')} in the file")
    for review, why in report.approved.held_back[:MOST_HELD_BACK]:
        lines.append(f"         approved, but held back: {review.decision_id} ({why})")
    if (more := len(report.approved.held_back) - MOST_HELD_BACK) > 0:
        lines.append(f"         {more:,} more approved decisions are held back")
    return [f"Review   {lines[0].removeprefix('Review').lstrip()}", *lines[1:]] if lines else []


def score_json(report: ScoreReport, currency: str, warning: str | None = None) -> dict[str, Any]:
    """Return what was decided as JSON values; ``warning`` as in `score_text`."""
    best = report.best_single
    return {
        "as_of": format_time(report.as_of_us),
        "model_version": report.model_version,
        "model_as_of": None if report.learned_until_us is None else format_time(report.learned_until_us),
        "currency": currency,
        "customers": report.customers,
        "actions": [
            {
                "action_id": s.action_id,
                "action_name": s.name,
                "customers": s.customers,
                "net_value_each": round(_each(s), 4) + 0.0,
                "net_value": round(s.net_value, 4) + 0.0,
            }
            for s in report.mix
        ],
        "plan_value": round(report.plan_value, 4) + 0.0,
        "best_single_action": None
        if best is None
        else {"action_id": best[0], "net_value": round(best[1], 4) + 0.0},
        "actions_file": None if report.actions_file is None else str(report.actions_file),
        "scores_file": None if report.scores_file is None else str(report.scores_file),
        "published": report.published,
        "why_not_published": report.why_not_published,
        "logged": report.why_not_logged is None,
        "standing": report.standing,
        "limits": [
            {
                "name": limit.name,
                "used": round(limit.used, 4) + 0.0,
                "most": limit.most,
                "least": limit.least,
                "price": limit.price,
                "taken_out": limit.taken_out,
                "short": limit.short,
                "part": limit.part,
            }
            for limit in report.limits
        ],
        "funnel": None if report.funnel is None else funnel_json(report.funnel),
        "put_back": None if report.put_back is None else asdict(report.put_back),
        "unconfirmed": 0 if report.unconfirmed is None else report.unconfirmed.contacts,
        "waiting_for_review": report.waiting,
        "approved": len(report.approved.going),
        "held_back": [
            {"decision_id": review.decision_id, "why": why} for review, why in report.approved.held_back
        ],
        "by_propensity": report.by_propensity,
        "best_customer": report.best_customer,
        "tried": report.tried,
        "exploration_cost": round(report.exploring, 4) + 0.0,
        "kept_apart": report.kept_apart,
        "kept_apart_cost": round(report.apart, 4) + 0.0,
        "warnings": [] if warning is None else [warning],
    }
