"""What `nbatool parity` found, as JSON values."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from nbatool.base.clock import format_time
from nbatool.decide.parity import ParityReport


def parity_json(report: ParityReport) -> dict[str, Any]:
    """Return the comparison with every difference."""
    return {
        "equal": not report.differences,
        "customers": report.customers,
        "values": report.values,
        "as_of": format_time(report.as_of_us),
        "model_version": report.model_version,
        "files_loaded_since": report.files_since,
        "live_events_moved_since": report.live_since,
        "differences": [asdict(d) for d in report.differences],
    }
