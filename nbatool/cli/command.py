"""How a module of this folder becomes a command: of Typer's making, or with a parser of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand

from nbatool.cli.options import Options
from nbatool.cli.session import current

EPILOG = "Global options (see nbatool --help) work here too."


def as_command(function: Callable[..., None], cls: type[TyperCommand] = TyperCommand) -> Any:
    """Return the command of one function; its docstring is the help, its parameters the options."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name=function.__name__.rstrip("_"), epilog=EPILOG, cls=cls)(function)
    return typer.main.get_command(app)


def as_group(app: typer.Typer) -> Any:
    """Return the command of an app with several subcommands (``nbatool models list``)."""
    return typer.main.get_command(app)


def own_parser(name: str, summary: str, run: Callable[[Options, list[str]], int]) -> Any:
    """Return a command that reads its arguments itself; for help listings and completion.

    `run(options, arguments)` returns the exit code. :func:`nbatool.cli.app.run` calls it without coming here.
    """

    def forward(context: typer.Context) -> None:
        raise typer.Exit(run(current(context).options, list(context.args)))

    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(
        name=name,
        help=summary,
        cls=TyperCommand,
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )(forward)
    return typer.main.get_command(app)
