"""``nbatool demo``: the whole job once, on a made-up shop whose true answers are known."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import nbatool
from nbatool.base.errors import DataError, UsageError
from nbatool.cli.command import as_command
from nbatool.cli.ingest import equation, report_json
from nbatool.cli.session import Session, current

if TYPE_CHECKING:
    from nbatool.activate.scored import ScoreReport
    from nbatool.world.truth import PlanValue

PARITY_CUSTOMERS = 500
SECONDS_AT = 78


def demo(
    context: typer.Context,
    directory: Annotated[Path, typer.Argument(metavar="[DIR]", help="Folder to make the shop in.")] = Path(
        "demo"
    ),
) -> None:
    """Make a shop from the sample data and run everything once.

    Ends with what to do, for whom, worth what, and where to look next. The same folder again runs it again.

    Example:  nbatool demo my-demo
    """
    make_shop(directory)
    asked = current(context)
    session = Session(replace(asked.options, workspace=directory))
    told = _teller(session)
    told("A made-up shop whose true answers are known:\n8,000 customers, 8 actions, 18 months.\n")
    with session.run("demo") as summary:
        result = _whole_job(session, directory, told)
        summary |= {"plan_value": result["score"]["plan_value"]}
    if session.console.json:
        session.console.object(result)


command = as_command(demo)


def sample_folder() -> Path:
    """Folder of the sample data: inside an installed package, beside it in a checkout."""
    package = Path(nbatool.__file__).parent
    inside = package / "sample_data"
    return inside if inside.is_dir() else package.parent / "sample_data"


def make_shop(directory: Path) -> None:
    """Copy the sample data into a folder that is new, empty, or an earlier demo.

    Raises
    ------
    UsageError
        The folder holds something else.
    DataError
        The sample data are not installed.
    """
    sample = sample_folder()
    if not (sample / "nba.toml").is_file():
        raise DataError(f"the sample data are not where they belong, {sample}: install nbatool again")
    there = directory / "nba.toml"
    if there.exists():
        if there.read_bytes() != (sample / "nba.toml").read_bytes():
            raise UsageError(f"{directory} holds another workspace. Name a new folder: nbatool demo NEW")
    elif directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UsageError(f"{directory} is not an empty folder. Name a new one: nbatool demo NEW")
    directory.mkdir(parents=True, exist_ok=True)
    # nba.toml comes last: a folder with it is whole.
    for file in sorted(sample.iterdir(), key=lambda path: path.name == "nba.toml"):
        if file.is_file():
            shutil.copyfile(file, directory / file.name)


def _teller(session: Session) -> Callable[[str], None]:
    """Where each step's line goes: stdout; stderr beside --json; nowhere when quiet."""
    if session.console.quiet:
        return lambda _: None
    return session.console.talk if session.console.json else session.console.tell


def _whole_job(session: Session, directory: Path, told: Callable[[str], None]) -> dict[str, Any]:
    from nbatool.activate.score import score_workspace
    from nbatool.activate.scored import ScoreSettings
    from nbatool.base.next_step import command_for
    from nbatool.decide.parity import check_parity
    from nbatool.ingest.load import load
    from nbatool.models.training import train_workspace
    from nbatool.report.score_report import score_json, score_text
    from nbatool.report.train_report import train_json, train_text

    workspace, console, seed = session.workspace, session.console, session.seed
    width = console.width
    with console.steps("demo") as say:
        started = time.monotonic()
        say("ingest")
        loaded = load(workspace)
        told(_line("ingest", equation(loaded.totals), started))
        started = time.monotonic()
        trained = train_workspace(workspace, as_of_us=session.as_of_us, seed=seed, say=say)
        told(train_text(trained, time.monotonic() - started, width))
        started = time.monotonic()
        say("score")
        settings = ScoreSettings(seed=seed, threads=os.cpu_count() or 1)
        scored = score_workspace(workspace, settings, as_of_us=session.as_of_us)
        told(_line("score", f"{scored.customers:,} customers × {len(trained.actions)} actions", started))
        started = time.monotonic()
        say("parity")
        parity = check_parity(workspace, customers=PARITY_CUSTOMERS, seed=seed)
        told(_line("parity", f"{parity.customers:,} customers, batch = live to the last digit", started))
    truth = true_value(directory, scored)
    told("")
    told(score_text(scored, workspace.config.workspace.currency, width, command_for(workspace.root)))
    told(truth_text(truth, width))
    told(_explained(session, scored))
    told(_next(directory, scored))
    return {
        "ingest": report_json(loaded),
        "train": train_json(trained),
        "score": score_json(scored, workspace.config.workspace.currency),
        "parity": {"customers": parity.customers, "equal": True},
        "truth": {"plan": round(truth.plan, 2), "best_possible": round(truth.best_possible, 2)},
    }


def _line(name: str, text: str, started: float) -> str:
    seconds = f"{time.monotonic() - started:.1f} s"
    return f"{name:<8} {text}".ljust(SECONDS_AT - len(seconds)) + "  " + seconds


def true_value(directory: Path, scored: ScoreReport) -> PlanValue:
    """What the plan in the action file is really worth; only a made-up shop knows."""
    import polars as pl

    from nbatool.world.truth import load_truth, plan_value

    assert scored.actions_file is not None
    plan = pl.read_csv(scored.actions_file, columns=["customer_id", "action_id"])
    chosen = dict(zip(plan["customer_id"].to_list(), plan["action_id"].to_list(), strict=True))
    return plan_value(chosen, load_truth(directory / "truth.parquet"))


def truth_text(truth: PlanValue, width: int) -> str:
    """Return what the plan is really worth, in lines of at most ``width``."""
    from nbatool.report.tables import paragraph

    said = (
        f"(only a made-up shop knows it) the plan is worth ${truth.plan:,.0f}, the best single action "
        f"({truth.best_single_action}) ${truth.best_single:,.0f}, the best possible ${truth.best_possible:,.0f}"
    )
    return "\n".join(["", *paragraph(said, first="truth    ", indent=0, width=width)])


def _explained(session: Session, scored: ScoreReport) -> str:
    from nbatool.decide.explaining import explain_customer
    from nbatool.report.explanation_report import brief_text

    if scored.best_customer is None:
        return ""
    found = explain_customer(session.workspace, scored.best_customer, as_of_us=scored.as_of_us)
    return f"\nOne of them, {brief_text(found, session.workspace.config.workspace.currency, session.console.width)}"


def _next(directory: Path, scored: ScoreReport) -> str:
    who = scored.best_customer or "CUSTOMER"
    request = f'{{"customer_id": "{who}"}}'
    return (
        f"\nFiles    {directory / 'nba.toml'}   what you would edit\n"
        f"Try      nbatool -w {directory} explain {who}\n"
        f"         echo '{request}' | nbatool -w {directory} decide\n"
        f"         nbatool init my-shop --from YOUR_FILES"
    )
