"""``python -m nbatool.world DIR``: write a made-up shop, and print what loading it must count."""

from __future__ import annotations

import argparse
import json
import sys

from nbatool.base.errors import NbaError
from nbatool.world.files import FORMATS
from nbatool.world.history import WAVES
from nbatool.world.write import generate


def main(arguments: list[str] | None = None) -> int:
    """Parse, write, print; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m nbatool.world", description=__doc__)
    parser.add_argument("directory", help="where to write")
    parser.add_argument("--customers", type=int, default=8000)
    parser.add_argument("--months", type=int, default=18)
    parser.add_argument("--waves", type=int, default=WAVES, help="times contacts went out, every 32 days")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", choices=FORMATS, default="csv.gz")
    parser.add_argument("--browsing", type=float, default=1.0, help="multiplies page views")
    asked = parser.parse_args(arguments)
    try:
        summary = generate(
            asked.directory,
            customers=asked.customers,
            months=asked.months,
            waves=asked.waves,
            seed=asked.seed,
            format=asked.format,
            browsing=asked.browsing,
        )
    except NbaError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    sys.stdout.write(json.dumps(summary.as_dict()) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
