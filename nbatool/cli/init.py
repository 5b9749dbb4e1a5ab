"""``nbatool init``: a workspace from your files, guessed and explained; or an empty one to fill in."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from nbatool.base.errors import UsageError
from nbatool.cli.command import EPILOG
from nbatool.cli.session import Session, current

if TYPE_CHECKING:
    from nbatool.ingest.guess import Guess


def init(
    context: typer.Context,
    directory: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="The workspace's folder (here).")
    ] = None,
    files: Annotated[
        list[Path] | None,
        typer.Option("--from", metavar="FILE...", help="Files to look at: all that follow."),
    ] = None,
) -> None:
    """Write an nba.toml: guessed from your files with --from, else a commented one to fill in.

    Files of events, customers and actions are told apart by what they hold. What the guess is unsure of is marked
    "# ?" in nba.toml. Nothing is loaded, and an nba.toml that is there is never overwritten.

    Example:  nbatool init my-shop --from orders.csv customers.csv
    """
    session = current(context)
    folder = directory or session.options.workspace or Path()
    target = folder / "nba.toml"
    if target.exists():
        raise UsageError(
            f"{target} is there already and is not overwritten. Move it away, or name another folder: "
            "nbatool init OTHER-DIR --from FILE..."
        )
    if not files:
        _scaffold(session, target)
        return
    from nbatool.ingest.guess import guess_workspace, render_report, render_toml

    guess = guess_workspace(files, folder)
    _write(target, render_toml(guess))
    text = f"{render_report(guess, shutil.get_terminal_size((100, 24)).columns)}\n\n{_next(folder, has_history=bool(guess.types))}"
    session.console.summary(guess_json(guess, target), text)


def guess_json(guess: Guess, target: Path) -> dict[str, Any]:
    """The guess as what `--json` prints: sources, types, roles, objectives, targets, catalogue, questions."""
    found = asdict(guess)
    found["roles"] = {role: list(types) for role, types in guess.roles.items()}
    found["questions"] = [question.text for question in guess.questions]
    result: dict[str, Any] = _plain({"written": target, **found})
    return result


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def _scaffold(session: Session, target: Path) -> None:
    from nbatool.ingest.guess.scaffold import SCAFFOLD

    _write(target, SCAFFOLD)
    text = f"Wrote {_shown(target)}, a commented outline. Fill in your files there, or let them be guessed:\n"
    text += "       nbatool init OTHER-DIR --from FILE..."
    session.console.summary({"written": str(target)}, text)


def _write(target: Path, text: str) -> None:
    """Write a file whole or not at all; one that appeared meanwhile is kept."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{target} appeared meanwhile and is not overwritten.") from None


def _next(folder: Path, *, has_history: bool) -> str:
    here = folder.resolve() == Path.cwd()
    run = "nbatool" if here else f"nbatool -w {folder}"
    lines = [
        f"Wrote {_shown(folder / 'nba.toml')}. Nothing is loaded yet.",
        f"Next   {run} ingest --dry-run     shows 5 mapped rows of each source",
    ]
    if has_history:
        lines.append(f"       {run} ingest && {run} train && {run} score")
        return "\n".join(lines)
    lines += [
        "       nbatool init OTHER-DIR --from EVENTS-FILE FILE...     with events over time beside these files",
        "       Without events (who, when, what) there is no history: ingest works, but train",
        "       has nothing to learn from, and score nothing to rank.",
    ]
    return "\n".join(lines)


def _shown(target: Path) -> str:
    return str(target) if target.is_absolute() or target.parent != Path() else f"./{target}"


class FilesAfterFrom(TyperCommand):
    """A command whose `--from` takes all words that follow it, up to the next option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, with_every_file(args))


def with_every_file(arguments: list[str]) -> list[str]:
    """Repeat `--from` before each file.

    >>> with_every_file(["shop", "--from", "a.csv", "b.csv", "--help"])
    ['shop', '--from', 'a.csv', '--from', 'b.csv', '--help']
    """
    made: list[str] = []
    inside = False
    for argument in arguments:
        if argument.startswith("-") and argument != "-":
            inside = argument == "--from" or argument.startswith("--from=")
            made += [argument] if argument != "--from" else []
        else:
            made += ["--from", argument] if inside else [argument]
    if inside and arguments[-1] == "--from":
        made.append("--from")  # the parser says that a file is missing
    return made


def _command() -> Any:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name="init", epilog=EPILOG, cls=FilesAfterFrom)(init)
    return typer.main.get_command(app)


command = _command()
