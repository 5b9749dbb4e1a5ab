"""``nbatool learn``: what came of the decisions; with ``-`` a stream of answers, started as fast as ``decide``."""

from __future__ import annotations

import argparse
import sys
from codecs import BOM_UTF8
from pathlib import Path
from shlex import quote
from typing import IO, Any, NoReturn

import msgspec

from nbatool.base.errors import DataError, ExitCode, UsageError
from nbatool.cli.options import Options

USAGE = """Usage: nbatool learn [FILE|-]

  What came of the decisions. Alone: close every outcome window that has
  ended, each once, and let the fast learner take the outcomes in.

  With -, or a FILE: read outcomes and confirmations, one JSON object a line,
  and answer each line in the same order; nothing waits for other commands.

  Example:  echo '{"decision_id": "d_0123456789abcdef", "outcome": 12.5}' |
              nbatool learn -

  Keys of a line:
    decision_id  as the decision's answer or the action file named it
    outcome      what came of it, an amount
    objective    which [[objective]] it is of, where there are several
    status       sent: the contact was made; released: it was not
    ts           when it happened; else now
    outcome_id   tells outcomes of one decision apart; the same again
                 changes nothing

  What a line is told:
    credited     counts when the outcome window closes
    confirmed    the contact was made: its outcome counts
    released     the contact was not made: no outcome counts. Until the
                 window is closed the last thing said stands
    duplicate    was said before
    late         happened or came after the window, or when it was closed;
                 kept, counts for nothing
    unknown      no such decision yet; kept, in case it comes by a file

Options:
  -w DIR     the workspace (global options work here too)

Exit code 0, or 4 when a line could not be read; its error is a line of
the answer, and the stream goes on."""

SUMMARY = """What came of the decisions: closes outcome windows; with -, reads outcomes.

    Example:  nbatool learn
    """
_encode = msgspec.json.Encoder().encode


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"nbatool learn: {message}. See nbatool learn --help")


def run(options: Options, arguments: list[str]) -> int:
    """Close windows, or answer every line of the input; return the exit code."""
    parser = _Parser(prog="nbatool learn", add_help=False)
    parser.add_argument("file", nargs="?")
    parser.add_argument("-h", "--help", action="store_true")
    asked = parser.parse_args(arguments)
    if asked.help:
        print(USAGE)
        return ExitCode.DONE
    if asked.file is None:
        return _close(options)
    if asked.file.lstrip().startswith("{"):
        raise UsageError(
            f"nbatool learn: answers come on standard input or from a file:\n  echo {quote(asked.file)} | nbatool learn -"
        )
    return _stream(options, asked.file)


def _stream(options: Options, file: str) -> int:
    from nbatool.cli.waiting import waiting_lines
    from nbatool.learn.live import AnswerService
    from nbatool.store.workspace import find_workspace

    service = AnswerService(find_workspace(options.workspace) / "data", as_of=options.as_of)
    counts: dict[str, int] = {}
    number = 1
    try:
        with _opened(file) as stream:
            for together in waiting_lines(stream):
                lines = [
                    line.removeprefix(BOM_UTF8) if number + k == 1 else line
                    for k, line in enumerate(together)
                ]
                answers = service.take(lines, number)
                number += len(lines)
                for answer in answers:
                    told = answer.get("status", "error")
                    counts[told] = counts.get(told, 0) + 1
                _write(answers)
        service.finish()
    finally:
        service.close()
    _talk(options, counts)
    return ExitCode.DATA if "error" in counts else ExitCode.DONE


def _opened(file: str) -> IO[bytes]:
    if file == "-":
        return sys.stdin.buffer
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise DataError(f"{file}: {error.strerror}") from None


def _write(answers: list[dict[str, Any]]) -> None:
    sys.stdout.buffer.write(b"".join(_encode(answer) + b"\n" for answer in answers))
    sys.stdout.buffer.flush()


def _talk(options: Options, counts: dict[str, int]) -> None:
    """Say on stderr what a reader of the stream could miss: answers that count for nothing."""
    odd = [f"{counts[told]:,} {told}" for told in ("unknown", "late") if counts.get(told)]
    if odd and not options.quiet:
        print(
            f"{', '.join(odd)} of {sum(counts.values()):,} answers: kept, but they count for nothing",
            file=sys.stderr,
        )


def _close(options: Options) -> int:
    from dataclasses import asdict

    from nbatool.cli.session import Session
    from nbatool.learn.learning import learn_workspace
    from nbatool.report.learn_report import learn_json, learn_text

    session = Session(options)
    with session.run("learn") as summary:
        report = learn_workspace(session.workspace, as_of_us=session.as_of_us)
        summary.update(asdict(report.windows), closed_live=report.live.windows, learned=report.learned)
    session.console.summary(learn_json(report), learn_text(report))
    return ExitCode.DONE


def __getattr__(name: str) -> Any:
    if name == "command":
        # Typer is loaded for help and completion only.
        from nbatool.cli.command import own_parser

        return own_parser("learn", SUMMARY, run)
    raise AttributeError(name)
