"""All commands, in the order the data travels; each is imported when it is called."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from signal import SIGINT
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from nbatool import __version__
from nbatool.base.errors import UsageError, did_you_mean
from nbatool.cli.options import FLAGS, Options
from nbatool.cli.session import Session

COMMANDS: Final = (
    "demo", "init", "ingest", "features", "train", "score", "decide", "learn", "evaluate", "run", "explain", "review", "suppress",
    "models", "export", "parity", "status", "doctor",
)  # fmt: skip
"""Each is a module of this folder with a ``command``."""


class Commands(TyperGroup):
    """The group of all commands, imported one by one."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # noqa: ARG002 - Typer's form
        return list(COMMANDS)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]  # noqa: ARG002 - as above
        return import_module(f"nbatool.cli.{cmd_name}").command if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: typer.Context, args: list[str]) -> Any:  # type: ignore[override]  # as above
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise UsageError(
                f'no command "{args[0]}"{did_you_mean(args[0], COMMANDS)} (nbatool --help lists the {len(COMMANDS)})'
            )
        return super().resolve_command(ctx, args)


app = typer.Typer(cls=Commands, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)


def _print_version(asked: bool) -> None:
    if asked:
        print(f"nbatool {__version__}")
        raise typer.Exit


def _global(name: str) -> Any:
    flag = FLAGS[name]
    return typer.Option(*flag.flags, help=flag.help, metavar=flag.metavar)


# `split_options` has taken the values before Typer sees the line; here they are named for help and completion.
@app.callback()
def nbatool(
    workspace: Annotated[Path | None, _global("workspace")] = None,
    json: Annotated[bool, _global("json")] = False,
    quiet: Annotated[bool, _global("quiet")] = False,
    verbose: Annotated[bool, _global("verbose")] = False,
    as_of: Annotated[str | None, _global("as_of")] = None,
    seed: Annotated[str | None, _global("seed")] = None,
    wait: Annotated[str | None, _global("wait")] = None,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """The best action for every customer now, if any, and what it is worth.

    \b
    First time:       nbatool demo
    With your files:  nbatool init my-shop --from YOUR_FILES
    """  # noqa: D301 - the escape tells Typer to keep the lines


def run_typer(options: Options, arguments: list[str]) -> int:
    """Run a command line without its global options; return the exit code."""
    group = typer.main.get_command(app)
    try:
        result = group.main(arguments, prog_name="nbatool", standalone_mode=False, obj=Session(options))
    except typer.TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.format_message())
            return 0
        raise UsageError(_one_line(error)) from None
    except typer.Abort:
        raise KeyboardInterrupt from None
    except SystemExit:
        # Typer leaves like this when the reader closed the pipe; the door has its own way of being quiet.
        raise BrokenPipeError from None
    if result == 128 + SIGINT:
        # What Typer makes of an interrupt; the door says so, and knows which signal it was.
        raise KeyboardInterrupt
    return result if isinstance(result, int) else 0


def _one_line(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "nbatool"
    message = " ".join(error.format_message().split()).rstrip(".")
    return f"{path}: {message[:1].lower()}{message[1:]}. See {path} --help"
