"""``nbatool decide``: JSON in, JSON out; started without a command-line library, so that one answer comes at once."""

from __future__ import annotations

import argparse
import os
import sys
from codecs import BOM_UTF8
from collections.abc import Iterable
from pathlib import Path
from shlex import quote
from typing import IO, Any, NoReturn

import msgspec

from nbatool.base.errors import DataError, ExitCode, NbaError, UsageError
from nbatool.cli.options import Options
from nbatool.cli.waiting import waiting_lines

USAGE = """Usage: nbatool decide [FILE|-] [--explain] [--dry-run] [--timing]

  What to do for one customer now: one JSON object, or one a line, on standard
  input or from FILE; one answer a line on standard output, in the same order.

  Example:  echo '{"customer_id": "c004217"}' | nbatool decide

  Keys of a request, all optional:
    customer_id  none: an anonymous visitor
    events       what happens in this session; kept only with an event_id:
                 [{"type": "buy", "value": 9, "ts": "2026-11-22T10:00:00Z"}]
    as_of        the time to decide at; else now
    context      {"page": "home"}, read by expressions as context.page
    actions      only these ids
    channel      only what goes out on this channel
    top          how many to list
    slate        true: all of top are shown; each place has its own probability
    choice       what you would do, where [exploration] apprentice = true
    explain      reasons, and what ruled the others out
    dry_run      keep nothing
    request_id   comes back in the answer

Options:
  --explain  as "explain": true in every request
  --dry-run  as "dry_run": true in every request
  --timing   adds took_us, the microseconds an answer took
  -w DIR     the workspace (global options work here too)

Exit code 0, or 4 when a line could not be answered; its error is a line of
the answer, and the stream goes on."""

SUMMARY = """The best action for one customer now: JSON in, JSON out.

    Example:  echo '{"customer_id": "c000003"}' | nbatool decide
    """
MOST_TOGETHER = 64
"""Requests decided at once and kept in one transaction: others who write wait for that."""
TYPED = "nbatool decide: requests come on standard input or from a file:"
_encode = msgspec.json.Encoder().encode


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"nbatool decide: {message}. See nbatool decide --help")


def run(options: Options, arguments: list[str]) -> int:
    """Answer every line of the input; return the exit code."""
    parser = _Parser(prog="nbatool decide", add_help=False)
    parser.add_argument("file", nargs="?")
    for flag in ("--explain", "--dry-run", "--timing"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("-h", "--help", action="store_true")
    asked = parser.parse_args(arguments)
    if asked.help or (asked.file is None and sys.stdin.isatty()):
        print(USAGE)
        return ExitCode.DONE
    if asked.file is not None and asked.file.lstrip().startswith("{"):
        raise UsageError(f"{TYPED}\n  echo {quote(asked.file)} | nbatool decide")
    from nbatool.decide.live import LiveService
    from nbatool.store.workspace import find_workspace

    # Two threads on busy cores can be ten times slower than one; live decisions use one.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    root = find_workspace(options.workspace)
    service = LiveService(root / "data", root / "models")
    forced = {"explain": asked.explain, "dry_run": asked.dry_run}
    try:
        service.in_force()
        with _opened(asked.file) as lines:
            return _stream(
                service, lines, options, {k: v for k, v in forced.items() if v}, timing=asked.timing
            )
    finally:
        service.close()


def _opened(file: str | None) -> IO[bytes]:
    if file in (None, "-"):
        return sys.stdin.buffer
    try:
        return Path(str(file)).open("rb")
    except OSError as error:
        raise DataError(f"{file}: {error.strerror}") from None


def _stream(
    service: Any, lines: IO[bytes], options: Options, forced: dict[str, bool], *, timing: bool
) -> int:
    failed, named, strange, number = False, 0, 0, 0
    out = sys.stdout.buffer
    for together in _requests(lines):
        asked = [(number + k, line) for k, line in enumerate(together, start=1) if line.strip()]
        number += len(together)
        # What waits together is decided at once and kept by one write to the disk.
        answers = _answers(service, asked, options, forced, timing=timing)
        for answer in answers:
            failed = failed or "error" in answer
            named += answer.get("customer_id") is not None
            strange += answer.get("known") is False
            out.write(_encode(answer) + b"\n")
        out.flush()
    if strange and not options.quiet:
        print(f"{strange:,} of {named:,} requests named customers that are not known", file=sys.stderr)
    return ExitCode.DATA if failed else ExitCode.DONE


def _answers(
    service: Any, asked: list[tuple[int, bytes]], options: Options, forced: dict[str, bool], *, timing: bool
) -> list[dict[str, Any]]:
    """Answer what waits together: kept by one write to the disk, before which no answer leaves.

    What cannot be written was never promised: each of these requests is told so, and the stream goes on.
    """
    try:
        found = service.answer_group(
            [line for _, line in asked], timing=timing, as_of=options.as_of, **forced
        )
    except NbaError as error:
        found = [error] * len(asked)
    return [
        _failure(line, number, one) if isinstance(one, NbaError) else one
        for (number, line), one in zip(asked, found, strict=True)
    ]


def _requests(lines: IO[bytes]) -> Iterable[list[bytes]]:
    """One request a line, those together that are there; an object over several lines counts as one when it is all.

    A byte order mark before the first is what some editors and spreadsheets write; it belongs to no request.
    """
    waiting = waiting_lines(lines, MOST_TOGETHER)
    first, *others = next(waiting, [b""])
    first = first.removeprefix(BOM_UTF8)
    if first.strip() and not _complete(first):
        rest = [*others, *(line for lines in waiting for line in lines)]
        whole = first + b"".join(rest)
        yield [whole] if _complete(whole) else [first]
        if not _complete(whole):
            yield from ([line] for line in rest)
        return
    yield [first, *others]
    yield from waiting


def _complete(text: bytes) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
    return True


def _failure(line: bytes, number: int, error: NbaError) -> dict[str, Any]:
    from nbatool.store.online_connection import StoreUnusableError

    code, said = "bad_request", str(error)
    if isinstance(error, StoreUnusableError):
        code, said = "store_unusable", f"{said}. Nothing is kept of this request, and no contact is made"
    failure: dict[str, Any] = {"code": code, "line": number}
    request_id = _request_id(line)
    if request_id is not None:
        failure["request_id"] = request_id
    return {"error": {**failure, "message": said}}


def _request_id(line: bytes) -> Any:
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    asked = found.get("request_id") if isinstance(found, dict) else None
    return str(asked) if isinstance(asked, int) else asked


def __getattr__(name: str) -> Any:
    if name == "command":
        # Typer is loaded for help and completion only.
        from nbatool.cli.command import own_parser

        return own_parser("decide", SUMMARY, run)
    raise AttributeError(name)
