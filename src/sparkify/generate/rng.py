"""Random numbers that depend on (seed, purpose, user, index) and on nothing else.

A stream is SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014;
finalizer: Stafford's variant 13), with a starting point and an odd increment of its own for every user. Its i-th
number is computed from i alone, so that many users are drawn at once as arrays, and neither the size of a
block nor the number of workers can change what one user does.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

_WEYL = 0x9E3779B97F4A7C15  # 2^64 / golden ratio
_M1, _M2 = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_MASK = (1 << 64) - 1
_S30, _S27, _S31, _S24, _S11 = (np.uint64(n) for n in (30, 27, 31, 24, 11))


class Purpose(IntEnum):
    """What a stream is for; numbers are part of the output and are never reused."""

    TRAITS = 1  # names, place, agent, alpha, beta, first state
    STATES = 2  # the walk through pages
    GAPS = 3  # seconds between events
    SONGS = 4  # which song is played
    SESSIONS = 5  # time between sessions
    CATALOGUE = 6  # songs; index by song in place of user
    ARTISTS = 7
    POPULARITY = 8


def mix_int(z: int) -> int:
    """Mix one whole number of any size into 64 bits."""
    z &= _MASK
    z = ((z ^ (z >> 30)) * _M1) & _MASK
    z = ((z ^ (z >> 27)) * _M2) & _MASK
    return z ^ (z >> 31)


def mix(z: U64) -> U64:
    """Mix 64-bit numbers, in place; the array is returned."""
    z ^= z >> _S30
    z *= np.uint64(_M1)
    z ^= z >> _S27
    z *= np.uint64(_M2)
    z ^= z >> _S31
    return z


class Stream:
    """One stream of numbers per user (or song, or artist), for one purpose."""

    def __init__(self, seed: int, purpose: Purpose, ids: I64) -> None:
        """Open the streams of `ids`, an array of numbers from 0."""
        root = mix_int(mix_int(seed) + int(purpose) * _WEYL)
        self.key = mix(np.uint64(root) + ids.astype(np.uint64) * np.uint64(_WEYL))
        self.step = mix(self.key ^ np.uint64(_M2)) | np.uint64(1)

    @classmethod
    def _of(cls, key: U64, step: U64) -> Stream:
        new = cls.__new__(cls)
        new.key, new.step = key, step
        return new

    def take(self, which: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Stream:
        """The streams of a subset, by positions or by a mask."""
        return Stream._of(self.key[which], self.step[which])

    def bits(self, index: int | I64) -> U64:
        """The index-th 64-bit number of every stream; `index` is one number, or one per stream."""
        where = np.uint64(index) if isinstance(index, int) else index.astype(np.uint64)
        return mix(self.key + self.step * where)

    def grid(self, first: int, count: int) -> F64:
        """Uniforms numbered first to first + count - 1, one row an index, one column a stream.

        They are multiples of 2^-40, so that adding a small whole number to them is exact.
        """
        index = np.arange(first, first + count, dtype=np.uint64)[:, None]
        return (mix(self.key[None, :] + self.step[None, :] * index) >> _S24).astype(np.float64) * 2.0**-40

    def uniform(self, index: int | I64) -> F64:
        """The index-th number of every stream as a uniform in [0, 1)."""
        return unit(self.bits(index))

    def exponential(self, index: int | I64) -> F64:
        """The index-th number of every stream as an exponential with mean 1."""
        return exponential(self.bits(index))

    def lognormal(self, index: int) -> F64:
        """A lognormal with mean 1 and sigma 1, from numbers index and index + 1 (Box and Muller)."""
        radius = np.sqrt(2.0 * self.exponential(index))
        normal = radius * np.cos(2.0 * np.pi * self.uniform(index + 1))
        return np.exp(normal - 0.5)


def unit(bits: U64) -> F64:
    """Map 64 bits to a double in [0, 1)."""
    return (bits >> _S11).astype(np.float64) * 2.0**-53


def exponential(bits: U64) -> F64:
    """Map 64 bits to an exponential with mean 1."""
    return -np.log(((bits >> _S11).astype(np.float64) + 1.0) * 2.0**-53)
