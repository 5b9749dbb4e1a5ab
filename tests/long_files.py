"""Which test files take a minute and more."""

from __future__ import annotations

LONG_FILES = (
    "tests/gates/test_docs.py",
    "tests/real/test_starbucks_policy.py",
    "tests/real/test_starbucks.py",
    "tests/faults/test_commands_killed.py",
    "tests/laws/test_one_answer.py",
    "tests/measure/test_coverage.py",
    "tests/benchmarks/test_stages_run.py",
    "tests/laws/test_decisions_replay.py",
    "tests/real/test_cdnow.py",
)
"""Longest first: begun last, one of them would keep one process busy and leave the others idle."""
