"""All randomness starts here: one seed, named streams, no global state.

A stream's generator depends on the seed and its name only, so adding a consumer of randomness changes nobody
else's draws, and nothing depends on the order in which stages run.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

DEFAULT_SEED = 0


def hash64(*parts: str | int) -> int:
    """Return an unsigned 64-bit hash of the parts; equal on every machine and Python version.

    >>> hash64("a", 1) == hash64("a", 1), hash64("a", 1) == hash64("a1")
    (True, False)
    """
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        raw = str(part).encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(4, "little"))
        digest.update(raw)
    return int.from_bytes(digest.digest(), "little")


def stream_seed(seed: int, name: str) -> int:
    """Return the 31-bit seed of a named stream, for libraries that take an int32."""
    return hash64("stream", seed, name) >> 33


def generator(seed: int, name: str) -> np.random.Generator:
    """Return the numpy generator of a named stream (PCG64)."""
    import numpy as np

    return np.random.Generator(np.random.PCG64(hash64("stream", seed, name)))
