"""What to type next, ready to be pasted."""

from __future__ import annotations

import shlex
from pathlib import Path


def command_for(root: Path) -> str:
    """Return how a command on this workspace begins here: ``nbatool``, elsewhere ``nbatool -w DIR``."""
    if Path.cwd().is_relative_to(root.resolve()):
        return "nbatool"
    return f"nbatool -w {shlex.quote(nearest(root.resolve()))}"


def nearest(path: Path) -> str:
    """Return the path as one would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
