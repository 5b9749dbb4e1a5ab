"""How good a version is, in a few figures: of each propensity, from the manifest alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbatool.report.figures import share_text

FIGURES = ("auc", "log_loss", "brier", "calibration_error", "best_baseline", "better_than_baseline")


def quality_figures(manifest: Mapping[str, Any]) -> dict[str, dict[str, Any] | None]:
    """Return the figures of each target on rows its model had not seen; None where it could not be trained."""
    metrics = manifest.get("about", {}).get("metrics", {})
    return {
        name: {figure: found.get(figure) for figure in FIGURES} if found else None
        for name, found in metrics.items()
    }


def quality_text(quality: Mapping[str, Mapping[str, Any] | None]) -> str:
    """Return the figures in one line.

    >>> quality_text({"purchase_30d": {"auc": 0.741}, "churn_90d": None})
    'purchase_30d AUC .74, churn_90d not trained'
    """
    return ", ".join(
        f"{name} AUC {share_text(found['auc'])}" if found else f"{name} not trained"
        for name, found in quality.items()
    )
