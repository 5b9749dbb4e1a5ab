"""One measured run in a process of its own: ``python -m benchmarks.child MODULE:FUNCTION JSON``.

The function returns a dict with ``seconds`` (of the work alone, without starting Python and importing) and whatever
else it found; the process adds its peak memory and writes the dict as its last line.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path


@contextmanager
def timed(result: dict[str, float], name: str = "seconds") -> Iterator[None]:
    """Put the seconds of the block into ``result[name]``."""
    started = time.perf_counter()
    yield
    result[name] = time.perf_counter() - started


def peak_mb() -> float:
    """Most memory this process ever held, in MB (10⁶ bytes)."""
    # getrusage counts what the parent held when this process was forked; the kernel's own figure does not.
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def main() -> None:
    module, function = sys.argv[1].split(":")
    found = getattr(import_module(module), function)(**json.loads(sys.argv[2]))
    print(json.dumps({**found, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main()
