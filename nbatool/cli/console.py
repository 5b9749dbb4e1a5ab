"""What a command says: data to stdout, talk to stderr, progress only on a terminal."""

from __future__ import annotations

import json
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol, TextIO

TICK_S = 1.0
WIPE = "\r\x1b[K"


class Step(Protocol):
    """Tell the progress line how far the work is.

    `done` of `total` gives the share and the time left; `count` is what is counted and rated, where that is another
    unit (bytes give the share, rows are shown).
    """

    def __call__(self, done: int, total: int | None = None, count: int | None = None) -> None: ...


@dataclass(frozen=True)
class Console:
    """The two streams of one call and how much may be said on them."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False

    def talk(self, text: str) -> None:
        """Say something a person may want to know."""
        if not self.quiet:
            _print(text, sys.stderr)

    def tell(self, text: str) -> None:
        """Say on stdout, at once, what has been done so far, unless quiet; a progress line gives way."""
        if not self.quiet:
            _print(text, sys.stdout)

    def verdict(self, text: str) -> None:
        """Say what is wrong about the data just printed; an error, so also when quiet."""
        _print(text, sys.stderr)

    def detail(self, text: str) -> None:
        """Say something only ``--verbose`` asks for."""
        if self.verbose:
            _print(text, sys.stderr)

    def summary(self, result: Mapping[str, Any], text: str) -> None:
        """Report what was done: with ``--json`` one JSON object, else the text unless ``--quiet``."""
        if self.json:
            self.object(result)
        elif not self.quiet:
            print(printable(text, sys.stdout))

    def data(self, result: Mapping[str, Any], text: str) -> None:
        """Print what was asked for, as one JSON object or as text, also when quiet."""
        if self.json:
            self.object(result)
        else:
            print(printable(text, sys.stdout))

    def object(self, result: Mapping[str, Any]) -> None:
        """Print one JSON object; a number that JSON lacks is an error of ours."""
        text = json.dumps(result, ensure_ascii=False, allow_nan=False)
        if printable(text, sys.stdout) != text:
            text = json.dumps(result, ensure_ascii=True, allow_nan=False)
        print(text)

    @contextmanager
    def progress(self, label: str, unit: str = "rows") -> Iterator[Step]:
        """Show one line of progress (share, rate, time left) on a terminal; nothing anywhere else.

        Yields what takes the work's progress, whether it is shown or not.
        """
        if self.quiet or self.json or not sys.stderr.isatty():
            yield _silent
            return
        line = _ProgressLine(label, unit)
        try:
            yield line
        finally:
            line.clear()

    @property
    def width(self) -> int:
        """Columns a text may take: the terminal's, or 100 where the output goes elsewhere."""
        return shutil.get_terminal_size().columns if sys.stdout.isatty() else 100

    @contextmanager
    def steps(self, label: str) -> Iterator[Callable[[str], None]]:
        """Show what is being worked on, one line on a terminal that is written again; a line each with --verbose.

        Yields what takes the name of each step as it begins.
        """
        if self.verbose:
            yield lambda text: self.detail(f"{label}: {text}")
        elif self.quiet or self.json or not sys.stderr.isatty():
            yield _unwatched
        else:
            global _live  # noqa: PLW0603 - there is one terminal, and whatever prints must know of its line
            line = _live = _StepLine(label)
            try:
                yield line
            finally:
                _live = None
                line.stop()


class _StepLine:
    """One line on stderr that names the step and whose clock runs while the step does."""

    def __init__(self, label: str) -> None:
        self.label, self.text = label, ""
        self.began = time.monotonic()
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        self.clock = threading.Thread(target=self._run, name="progress", daemon=True)
        self.clock.start()

    def __call__(self, text: str) -> None:
        with self.lock:
            self.text = text
            self._draw()

    def stop(self) -> None:
        """Stop the clock and wipe the line."""
        self.stopped.set()
        self.clock.join()
        self._write(WIPE)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Keep the terminal free of the line; the clock's next tick shows it again."""
        with self.lock:
            self._write(WIPE)
            yield

    def _run(self) -> None:
        while not self.stopped.wait(TICK_S):
            with self.lock:
                if self.text:
                    self._draw()

    def _draw(self) -> None:
        line = f"{self.label}  {time.monotonic() - self.began:.0f} s  {self.text} …"
        self._write(WIPE + line[: shutil.get_terminal_size().columns - 1])

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


_live: _StepLine | None = None


def _print(text: str, stream: TextIO) -> None:
    with _live.away() if _live is not None else nullcontext():
        print(printable(text, stream), file=stream, flush=True)


def printable(text: str, stream: TextIO) -> str:
    r"""Return a text as a stream can show it: a file's name may hold bytes that are no text, and letters be unknown.

    >>> import io
    >>> printable("\udcff €5", io.TextIOWrapper(io.BytesIO(), "latin-1"))
    '\\udcff \\u20ac5'
    """
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _unwatched(text: str) -> None:
    """Take a step that nobody watches."""


def _silent(done: int, total: int | None = None, count: int | None = None) -> None:
    """Take progress that nobody watches."""


class _ProgressLine:
    """One line on stderr, written again at most ten times a second."""

    def __init__(self, label: str, unit: str) -> None:
        self.label, self.unit = label, unit
        self.began = self.shown = time.monotonic()

    def __call__(self, done: int, total: int | None = None, count: int | None = None) -> None:
        now = time.monotonic()
        if now - self.shown < 0.1:
            return
        self.shown = now
        elapsed_s = now - self.began
        shown = done if count is None else count
        if not shown:
            # Bytes may all be read before the first row is counted: a share of nothing says nothing.
            sys.stderr.write(f"{WIPE}{self.label}  reading  {elapsed_s:.0f} s")
            sys.stderr.flush()
            return
        parts = [self.label, f"{shown:,} {self.unit}", f"{shown / elapsed_s:,.0f}/s"]
        if total and done:
            parts.insert(1, f"{min(done / total, 1):.0%}")
            parts.append(f"{max(total - done, 0) * elapsed_s / done:.0f} s left")
        sys.stderr.write(WIPE + "  ".join(parts))
        sys.stderr.flush()

    def clear(self) -> None:
        sys.stderr.write(WIPE)
        sys.stderr.flush()
