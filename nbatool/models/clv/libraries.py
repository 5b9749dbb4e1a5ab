"""scipy.special and lifetimes, imported late and quietly.

lifetimes imports pandas, autograd and dill (0.7 s) and warns of deprecations in other packages at import; neither
belongs in the start of a command that fits nothing.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any


@cache
def special() -> Any:
    """Return ``scipy.special`` (gamma functions and the Gauss hypergeometric function)."""
    return importlib.import_module("scipy.special")


@cache
def lifetimes() -> Any:
    """Return the ``lifetimes`` package."""
    with quiet():
        return importlib.import_module("lifetimes")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep other people's warnings and prints from the user: stdout carries data only.

    lifetimes prints scipy's whole result to stdout when a fit does not converge, and its optimiser steps through
    overflows on the way; what matters of either is reported by the caller.
    """
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
