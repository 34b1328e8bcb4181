"""Length framing: u32 big-endian length N, then N bytes of one msgpack array.

Byte 0 of the payload is a fixarray header of 2 to 15 elements, byte 1 the type as a positive
fixint.  So six bytes tell the type, and with it the longest frame of that type, before anything is
buffered (network.md, section 2).
"""

from collections.abc import Callable
from typing import Final

from node.base.errors import FrameError
from node.base.limits import FRAME_BYTES_MAX

HEAD_BYTES: Final = 4
RESERVED_TYPE: Final = 0x60
"""Types from here on are room for later: ignored and counted."""
_PEEK_BYTES: Final = HEAD_BYTES + 2

CapOf = Callable[[int], int]
"""Gives the longest payload of a type; raises FrameError for an unknown type."""


def frame(payload: bytes) -> bytes:
    """Put the length before a payload."""
    return len(payload).to_bytes(HEAD_BYTES) + payload


def check_head(payload_start: bytes, length: int, cap_of: CapOf) -> int:
    """Judge a frame by its length and the first two payload bytes; give the type.

    raises        FrameError: too short, too long for its type, no array of 2 to 15 elements, a
                  type that does not exist.
    """
    check_length(length)
    if not 0x92 <= payload_start[0] <= 0x9F:
        raise FrameError(f"starts with 0x{payload_start[0]:02x}, wants an array of 2 to 15 items")
    if payload_start[1] > 0x7F:
        raise FrameError(f"type byte 0x{payload_start[1]:02x}, wants 0x00 to 0x7f")
    cap = cap_of(payload_start[1])
    if length > cap:
        raise FrameError(f"type 0x{payload_start[1]:02x} of {length} bytes, at most {cap}")
    return payload_start[1]


def check_length(length: int) -> None:
    """Judge the length alone: four bytes are enough to refuse."""
    if not 2 <= length <= FRAME_BYTES_MAX:
        raise FrameError(f"a frame of {length} bytes, wants 2 to {FRAME_BYTES_MAX}")


class FrameReader:
    """Cuts the byte stream of one connection into payloads.

    After a FrameError the stream has no meaning any more: every later ``feed`` raises it again.
    """

    def __init__(self, cap_of: CapOf) -> None:
        self._cap_of = cap_of
        self._buffer = bytearray()
        self._skip_bytes = 0
        self._broken: FrameError | None = None
        self.ignored_count = 0
        """Frames of types that are reserved for later."""

    @property
    def buffered_bytes(self) -> int:
        """Give how much of an unfinished frame is held."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes as they arrive; give the payloads that are complete.

        raises        FrameError: a frame that must not be read on.  Payloads before it in
                      ``data`` are lost with the connection.
        """
        if self._broken is not None:
            raise self._broken
        try:
            return self._feed(data)
        except FrameError as error:
            self._broken = error
            self._buffer.clear()
            raise

    def _feed(self, data: bytes) -> list[bytes]:
        if self._skip_bytes:
            skipped = min(self._skip_bytes, len(data))
            self._skip_bytes -= skipped
            data = data[skipped:]
        self._buffer += data
        payloads: list[bytes] = []
        at = 0
        while len(self._buffer) - at >= HEAD_BYTES:
            length = int.from_bytes(self._buffer[at : at + HEAD_BYTES])
            check_length(length)
            if len(self._buffer) - at < _PEEK_BYTES:
                break
            start = bytes(self._buffer[at + HEAD_BYTES : at + _PEEK_BYTES])
            kind = check_head(start, length, self._cap_of)
            end = at + HEAD_BYTES + length
            if kind >= RESERVED_TYPE:
                self.ignored_count += 1
                self._skip_bytes = max(0, end - len(self._buffer))
                at = min(end, len(self._buffer))
                continue
            if end > len(self._buffer):
                break
            payloads.append(bytes(self._buffer[at + HEAD_BYTES : end]))
            at = end
        del self._buffer[:at]
        return payloads
