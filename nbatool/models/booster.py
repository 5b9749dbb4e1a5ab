"""LightGBM's prediction, driven through its own C library.

The Python package costs .3 to 1 s of imports and brings pandas and scikit-learn along; the library loads in
2.4 ms. A model text must have passed its hash check (`registry`) before it comes here: half of all damaged texts
kill the process instead of being refused.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import os
import threading
import weakref
from pathlib import Path

import numpy as np

from nbatool.base.errors import DataError
from nbatool.models.table import FloatArray

_FLOAT64, _ROW_MAJOR, _RAW_SCORE, _CONTRIBUTIONS, _ALL_TREES = 1, 1, 1, 3, -1
# Below this many rows one call a row is cheaper than one call for all: the latter parses its parameters each time.
_FEW_ROWS = 8
_LIBRARY_NAMES = ("lib_lightgbm.so", "lib_lightgbm.dylib", "lib_lightgbm.dll")


@functools.cache
def _library() -> ctypes.CDLL:
    """Load LightGBM's C library from the installed package, without importing the package."""
    spec = importlib.util.find_spec("lightgbm")
    roots = [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []
    found = [
        path for root in roots for name in _LIBRARY_NAMES for path in [root / "lib" / name] if path.is_file()
    ]
    if not found:
        raise DataError(
            "LightGBM's library is not installed; install the package lightgbm (pip install lightgbm)"
        )
    # Spinning OpenMP threads make two threads on busy cores ten times slower than one.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    library = ctypes.CDLL(str(found[0]))
    _declare(library)
    return library


def _declare(library: ctypes.CDLL) -> None:
    handle, text, number, out = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p
    library.LGBM_GetLastError.restype = ctypes.c_char_p
    library.LGBM_BoosterLoadModelFromString.argtypes = [text, out, out]
    library.LGBM_BoosterFree.argtypes = [handle]
    library.LGBM_BoosterGetNumFeature.argtypes = [handle, out]
    library.LGBM_BoosterPredictForMat.argtypes = [
        handle, out, number, ctypes.c_int32, ctypes.c_int32, number, number, number, number, text, out, out,
    ]  # fmt: skip
    library.LGBM_BoosterPredictForMatSingleRowFastInit.argtypes = [
        handle, number, number, number, number, ctypes.c_int32, text, out,
    ]  # fmt: skip
    library.LGBM_BoosterPredictForMatSingleRowFast.argtypes = [handle, out, out, out]
    library.LGBM_FastConfigFree.argtypes = [handle]


def _checked(code: int, doing: str) -> None:
    if code != 0:
        reason = _library().LGBM_GetLastError().decode("utf-8", "replace")
        raise DataError(
            f"LightGBM failed {doing}: {reason}; train again or roll back (nbatool models rollback)"
        )


class Booster:
    """One loaded model; predicts the same bits for one row, many rows and any number of threads.

    Use `from_text`; the constructor takes a handle of the C library.
    """

    def __init__(self, handle: ctypes.c_void_p, n_features: int) -> None:
        self.n_features = n_features
        self._handle: ctypes.c_void_p | None = handle
        self._fast: dict[int, ctypes.c_void_p] = {}
        self._lock = threading.Lock()
        # Not __del__: a booster alive at interpreter exit is torn down when the modules it needs are gone already, and
        # the process gives the memory back anyway.
        self._release = weakref.finalize(self, _freed, handle, self._fast)
        self._release.atexit = False

    @classmethod
    def from_text(cls, text: str) -> Booster:
        """Load LightGBM's text format.

        Raises
        ------
        DataError
            The text is not a whole model.
        """
        if not text.startswith("tree\n") or "\nend of trees\n" not in text or "\0" in text:
            raise DataError(
                "this is not a LightGBM model text; train again or roll back (nbatool models rollback)"
            )
        handle, n_trees, n_features = ctypes.c_void_p(), ctypes.c_int(), ctypes.c_int()
        library = _library()
        _checked(
            library.LGBM_BoosterLoadModelFromString(
                text.encode("utf-8"), ctypes.byref(n_trees), ctypes.byref(handle)
            ),
            "to load a model",
        )
        _checked(library.LGBM_BoosterGetNumFeature(handle, ctypes.byref(n_features)), "to read a model")
        return cls(handle, n_features.value)

    def predict_raw(self, x: FloatArray, threads: int = 1) -> FloatArray:
        """Return the raw scores (log-odds of a binary model, the value of a squared-error model).

        Parameters
        ----------
        x
            float64[n, n_features], NaN is null.
        threads
            Threads for many rows; no influence on the result.

        Returns
        -------
        float64[n]
        """
        rows = self._rows(x)
        scores = np.empty(rows.shape[0], dtype=np.float64)
        if 0 < rows.shape[0] <= _FEW_ROWS:
            self._predict_each(rows, scores)
        elif rows.shape[0]:
            self._predict_all(rows, scores, threads)
        return scores

    def contributions(self, x: FloatArray, threads: int = 1) -> FloatArray:
        """Return what each feature adds to the raw score of each row (TreeSHAP; Lundberg et al. 2018).

        Returns
        -------
        float64[n, n_features + 1]
            The last column is the mean raw score of the training rows; each row sums to its raw score.
        """
        rows = self._rows(x)
        found = np.empty((rows.shape[0], self.n_features + 1), dtype=np.float64)
        if rows.shape[0]:
            self._predict_all(rows, found, threads, _CONTRIBUTIONS)
        return found

    def _rows(self, x: FloatArray) -> FloatArray:
        if self._handle is None:
            raise ValueError("this booster is closed")
        if x.ndim != 2 or x.shape[1] != self.n_features:
            raise DataError(
                f"the model expects {self.n_features} features, found an array of shape {x.shape}"
            )
        return np.ascontiguousarray(x, dtype=np.float64)

    def _predict_each(self, rows: FloatArray, scores: FloatArray) -> None:
        fast, library = self._fast_config(), _library()
        predict, length = library.LGBM_BoosterPredictForMatSingleRowFast, ctypes.c_int64()
        row, score, one = rows.ctypes.data, scores.ctypes.data, ctypes.byref(length)
        for _ in range(rows.shape[0]):
            if predict(fast, row, one, score) != 0:
                _checked(-1, "to predict")
            row += rows.shape[1] * 8
            score += 8

    def _predict_all(
        self, rows: FloatArray, scores: FloatArray, threads: int, wanted: int = _RAW_SCORE
    ) -> None:
        length = ctypes.c_int64()
        parameters = f"num_threads={max(1, threads)} verbosity=-1".encode()
        _checked(
            _library().LGBM_BoosterPredictForMat(
                self._handle, rows.ctypes.data, _FLOAT64, rows.shape[0], rows.shape[1], _ROW_MAJOR,
                wanted, 0, _ALL_TREES, parameters, ctypes.byref(length), scores.ctypes.data,
            ),
            "to predict",
        )  # fmt: skip
        if length.value != scores.size:
            raise DataError(
                f"the model gives {length.value} scores for {rows.shape[0]} rows: it has several classes"
            )

    def _fast_config(self) -> ctypes.c_void_p:
        """Return this thread's prepared single-row call (its buffers are not shared between threads)."""
        me = threading.get_ident()
        fast = self._fast.get(me)
        if fast is None:
            fast = ctypes.c_void_p()
            with self._lock:
                _checked(
                    _library().LGBM_BoosterPredictForMatSingleRowFastInit(
                        self._handle, _RAW_SCORE, 0, _ALL_TREES, _FLOAT64, self.n_features,
                        b"num_threads=1 verbosity=-1", ctypes.byref(fast),
                    ),
                    "to prepare a prediction",
                )  # fmt: skip
                self._fast[me] = fast
        return fast

    def close(self) -> None:
        """Give the model's memory back; the booster cannot predict afterwards."""
        with self._lock:
            self._release()
            self._handle = None


def _freed(handle: ctypes.c_void_p, fast: dict[int, ctypes.c_void_p]) -> None:
    library = _library()
    for prepared in fast.values():
        library.LGBM_FastConfigFree(prepared)
    fast.clear()
    library.LGBM_BoosterFree(handle)
