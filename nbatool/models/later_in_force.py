"""What the version in force counts of the time after the window of a lifetime value."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from nbatool.models import registry
from nbatool.models.bundle import CARD_FILE, CLV_FILE
from nbatool.models.lifetime_outcome import LaterValue, later_value, lifetime_objective

if TYPE_CHECKING:
    from nbatool.store.workspace import Workspace


def later_in_force(workspace: Workspace) -> LaterValue | None:
    """Return what the champion counts of the time after the windows of a lifetime value; None: nothing."""
    version = registry.champion(workspace.models_dir)
    if version is None or lifetime_objective(workspace.config) is None:
        return None
    files = registry.load_files(workspace.models_dir, version)
    clv = files[CLV_FILE].decode() if CLV_FILE in files else None
    return later_value(workspace.config, clv, json.loads(files[CARD_FILE]))
