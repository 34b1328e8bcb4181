"""Directed links: when a frame that is sent now arrives.

``transport: stream`` behaves like TCP under TLS: frames of a link arrive in order, and a lost one
costs a retransmission (simulation.md section 5).  Every draw is counted per (link, message type),
so leaving out one message leaves the others' fate alone.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from struct import Struct
from typing import Final

from node.base.rng import PPM, Blocks, derive_key, scale
from node.sim.quantiles import EXPONENTIAL

_TLS_RECORD_BYTES: Final = 16 * 1024
_TLS_RECORD_OVERHEAD: Final = 22
_LENGTH_PREFIX: Final = 4
_RETRANSMIT_MIN_US: Final = 200_000
_RETRANSMISSIONS_MAX: Final = 6
_LANES: Final = Struct("<QQ")
"""The first two lanes of a block: loss and latency."""


@dataclass(frozen=True, slots=True)
class LinkSpec:
    """What one direction of a link is like."""

    base_us: int
    """Propagation, one way."""
    jitter: str
    """``constant`` (none), ``uniform`` (0 .. 2 means) or ``exponential``."""
    jitter_mean_us: int
    bandwidth_bps: int
    loss_ppm: int

    def losing(self, p_ppm: int) -> "LinkSpec":
        """Give a link that loses frames for one more reason; losses combine as 1-(1-a)(1-b)."""
        return replace(self, loss_ppm=PPM - (PPM - self.loss_ppm) * (PPM - p_ppm) // PPM)


def wire_bytes(payload: int) -> int:
    """Give the bytes on the wire of one frame: length prefix and TLS 1.3 records."""
    size = _LENGTH_PREFIX + payload
    return size + _TLS_RECORD_OVERHEAD * -(-size // _TLS_RECORD_BYTES)


@lru_cache(maxsize=4_096)
def sending_us(payload: int, bandwidth_bps: int) -> int:
    """Give how long a frame of ``payload`` bytes keeps a link busy."""
    return wire_bytes(payload) * 8 * 1_000_000 // bandwidth_bps


class Link:
    """One direction between two nodes."""

    def __init__(self, seed: int, source: str, target: str, spec: LinkSpec) -> None:
        self.spec = spec
        """May be another one from some moment on; what is under way keeps its arrival."""
        self._seed = seed
        self._ends = (source, target)
        self._busy_us = 0
        self._last_arrival_us = 0
        self.frames = 0
        """Frames taken so far."""
        self.losses = 0
        """Tries of theirs that were lost."""
        self._streams: dict[int, Blocks] = {}

    def arrival(self, now_us: int, message_type: int, payload: int) -> int:
        """Take a frame onto the link at ``now_us``; give the microsecond of its arrival."""
        self.frames += 1
        stream = self._streams.get(message_type)
        if stream is None:
            path = ("link", *self._ends, message_type)
            stream = self._streams[message_type] = Blocks(derive_key(self._seed, path))
        loss, latency = _LANES.unpack_from(stream.draw())
        spec, busy = self.spec, self._busy_us
        if busy < now_us:  # noqa: PLR1730 - max() takes three times as long
            busy = now_us
        self._busy_us = busy = busy + sending_us(payload, spec.bandwidth_bps)
        arrival = busy + spec.base_us
        mean = spec.jitter_mean_us
        if mean and spec.jitter == "exponential":
            arrival += mean * exponential_ppm(latency) // PPM
        elif mean and spec.jitter == "uniform":
            arrival += scale(latency, 2 * mean + 1)
        if spec.loss_ppm:
            arrival += self._retransmissions(loss)
        last = self._last_arrival_us
        if arrival <= last:
            arrival = last + 1
        if arrival <= now_us:
            arrival = now_us + 1
        self._last_arrival_us = arrival
        return arrival

    def _retransmissions(self, value: int) -> int:
        """Give the delay of as many losses in a row as the draw stands for.

        Each try is lost with the same probability, so the low tail of one uniform draw holds them
        all: below p one loss, below p squared two.
        """
        timeout = max(_RETRANSMIT_MIN_US, 4 * self.spec.base_us)
        delay = 0
        bound = self.spec.loss_ppm * 2**64 // PPM
        for _ in range(_RETRANSMISSIONS_MAX):
            if value >= bound:
                break
            self.losses += 1
            delay += timeout
            timeout *= 2
            bound = bound * self.spec.loss_ppm // PPM
        return delay


def exponential_ppm(value: int) -> int:
    """Map an unsigned 64-bit draw to an exponential variate of mean 1, in parts per million."""
    index = value >> 54
    fraction = value >> 22 & 0xFFFF_FFFF
    low, high = EXPONENTIAL[index], EXPONENTIAL[index + 1]
    return low + ((high - low) * fraction >> 32)
