"""A belief as bytes: msgpack of float64 buffers under a checksum; nothing in it is ever run."""

from __future__ import annotations

import math
import zlib

import msgspec
import numpy as np

from nbatool.base.errors import DataError
from nbatool.models.posterior import Posterior
from nbatool.models.symmetric import coupled
from nbatool.models.table import FloatArray

VERSION = 1
WHAT_NEXT = "it is rebuilt from the log by `nbatool learn` after the next `nbatool score`"


class _Body(msgspec.Struct, array_like=True):
    version: int
    arms: list[tuple[str, str | None]]
    relation: bytes
    variance: bytes
    weights: bytes
    covariance: list[bytes]
    noise: tuple[float, float, float]
    half_life_s: float | None
    decay: float


def packed(posterior: Posterior) -> bytes:
    """Return the bytes of a belief."""
    body = _Body(
        VERSION, list(posterior.arms), _raw(posterior.relation), _raw(posterior.variance), _raw(posterior.weights),
        [_raw(matrix) for matrix in posterior.covariance], posterior.noise_state, posterior.half_life_s, posterior.decay,
    )  # fmt: skip
    raw = msgspec.msgpack.encode(body)
    return zlib.crc32(raw).to_bytes(4, "little") + raw


def unpacked(raw: bytes) -> Posterior:
    """Return the belief in the bytes.

    Raises
    ------
    DataError
        They are damaged, or of another version.
    """
    if len(raw) < 5 or zlib.crc32(raw[4:]) != int.from_bytes(raw[:4], "little"):
        raise DataError(f"the fast learner's state is damaged (checksum of {len(raw)} bytes); {WHAT_NEXT}")
    try:
        body = msgspec.msgpack.decode(raw[4:], type=_Body)
        m, d = len(body.arms), len(body.variance) // 8
        relation = _array(body.relation, m, m)
        sizes = [len(group) * d for group in coupled(relation)]
        covariance = [_array(b, n, n) for b, n in zip(body.covariance, sizes, strict=True)]
        weights, variance = _array(body.weights, m, d), _array(body.variance, d)
    except (msgspec.DecodeError, ValueError) as error:
        raise DataError(f"the fast learner's state cannot be read ({error}); {WHAT_NEXT}") from error
    if body.version != VERSION:
        raise DataError(
            f"the fast learner's state has version {body.version}, this program reads {VERSION}; {WHAT_NEXT}"
        )
    return Posterior(
        body.arms, relation, variance, weights, covariance, noise=body.noise, half_life_s=body.half_life_s,
        decay=body.decay,
    )  # fmt: skip


def _raw(values: FloatArray) -> bytes:
    return np.ascontiguousarray(values, dtype="<f8").tobytes()


def _array(raw: bytes, *shape: int) -> FloatArray:
    if len(raw) != 8 * math.prod(shape):
        raise ValueError(f"{len(raw)} bytes where {8 * math.prod(shape)} belong")
    return np.frombuffer(raw, dtype="<f8").reshape(shape).astype(np.float64)
