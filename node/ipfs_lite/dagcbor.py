"""dag-cbor, as far as manifests and CAR headers need it: one value has one byte string.

Integers are shortest, lengths definite, keys text in the order of length then bytes, and the only
tag is 42, a CID.  Reading refuses all else, so ``encode(decode(x)) == x`` for every ``x`` that is
read (content-store.md, section 7; the dag-cbor specification of IPLD).
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

from node.base.errors import PeerError
from node.base.limits import CBOR_DEPTH_COUNT_MAX, CBOR_ITEMS_COUNT_MAX
from node.base.types import Cid
from node.ipfs_lite import cid as cids
from node.ipfs_lite.errors import BadCborError

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _LIST, _MAP, _TAG, _SIMPLE = range(8)
_CID_TAG: Final = 42
_INTEGER_END: Final = 2**64
_SIMPLE_VALUES: Final[dict[int, bool | None]] = {20: False, 21: True, 22: None}
_SHORTEST_FROM: Final = {1: 24, 2: 2**8, 4: 2**16, 8: 2**32}
"""Length of a number behind its head byte, and the smallest number that may need it."""


@dataclass(frozen=True, slots=True)
class CidLink:
    """A link; a class of its own, because a CID is bytes and bytes are a value too."""

    cid: Cid


Value: TypeAlias = "bool | int | bytes | str | CidLink | list[Value] | dict[str, Value] | None"


def encode(value: Value) -> bytes:
    """Give the one byte string of a value; maps are put in order.

    raises        BadCborError: an integer outside -2^64 .. 2^64 - 1, text that is no Unicode, a
                  link that is no CID, more depth or items than ``decode`` takes.
    """
    writer = _Writer()
    writer.put(value, 0)
    return b"".join(writer.parts)


def decode(data: bytes) -> Value:
    """Read the one value that fills ``data``.

    raises        BadCborError: anything that section 7 refuses.
    """
    reader = _Reader(data)
    value = reader.value(0)
    if reader.at != len(data):
        raise BadCborError(f"{len(data) - reader.at} bytes after the value")
    return value


def links_in(value: Value) -> tuple[Cid, ...]:
    """Give the links of a value in the order of their bytes' places; repeated ones stay."""
    found: list[Cid] = []
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, CidLink):
            found.append(item.cid)
        elif isinstance(item, list):
            stack += reversed(item)
        elif isinstance(item, dict):
            stack += [item[key] for key in sorted(item, key=_order, reverse=True)]
    return tuple(found)


def _order(key: str) -> tuple[int, bytes]:
    raw = _utf8(key)
    return len(raw), raw


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise BadCborError(f"text that is no Unicode: {error.reason}") from error


class _Count:
    """The items of one block, charged where their number is announced, before they are made."""

    def __init__(self) -> None:
        self._items = 0

    def charge(self, items: int, depth: int) -> None:
        if depth >= CBOR_DEPTH_COUNT_MAX:
            raise BadCborError(f"more than {CBOR_DEPTH_COUNT_MAX} lists and maps in one another")
        self._items += items
        if self._items > CBOR_ITEMS_COUNT_MAX:
            raise BadCborError(f"more than {CBOR_ITEMS_COUNT_MAX} items")


class _Writer:
    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self._count = _Count()

    def put(self, value: Value, depth: int) -> None:
        match value:
            case None:
                self.parts.append(b"\xf6")
            case bool():
                self.parts.append(b"\xf5" if value else b"\xf4")
            case int():
                if not -_INTEGER_END <= value < _INTEGER_END:
                    raise BadCborError(f"integer {value}, wants -2^64 to 2^64 - 1")
                self._head(*((_UNSIGNED, value) if value >= 0 else (_NEGATIVE, -1 - value)))
            case bytes():
                self._string(_BYTES, value)
            case str():
                self._string(_TEXT, _utf8(value))
            case CidLink(cid):
                _check_cid(cid)
                self._head(_TAG, _CID_TAG)
                self._string(_BYTES, b"\0" + cid)
            case list():
                self._count.charge(len(value), depth)
                self._head(_LIST, len(value))
                for item in value:
                    self.put(item, depth + 1)
            case dict():
                self._count.charge(len(value), depth)
                self._head(_MAP, len(value))
                for key in sorted(value, key=_order):
                    self._string(_TEXT, _utf8(key))
                    self.put(value[key], depth + 1)

    def _string(self, major: int, raw: bytes) -> None:
        self._head(major, len(raw))
        self.parts.append(raw)

    def _head(self, major: int, number: int) -> None:
        if number < 24:
            self.parts.append(bytes((major << 5 | number,)))
            return
        extra = 1 if number < 2**8 else 2 if number < 2**16 else 4 if number < 2**32 else 8
        code = {1: 24, 2: 25, 4: 26, 8: 27}[extra]
        self.parts.append(bytes((major << 5 | code,)) + number.to_bytes(extra))


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0
        self._count = _Count()

    def value(self, depth: int) -> Value:
        """Read one value; recursion ends at CBOR_DEPTH_COUNT_MAX."""
        begin = self.at
        major, number = self._head()
        if major == _UNSIGNED:
            return number
        if major == _NEGATIVE:
            return -1 - number
        if major == _BYTES:
            return self._take(number)
        if major == _TEXT:
            return self._text(number)
        if major == _LIST:
            self._count.charge(number, depth)
            return [self.value(depth + 1) for _ in range(number)]
        if major == _MAP:
            self._count.charge(number, depth)
            return self._map(number, depth)
        if major == _TAG:
            return self._link(number)
        if number not in _SIMPLE_VALUES or self.at - begin != 1:
            raise BadCborError(f"a float or simple value at byte {begin}")
        return _SIMPLE_VALUES[number]

    def _head(self) -> tuple[int, int]:
        at = self.at
        first = self._take(1)[0]
        major, code = first >> 5, first & 31
        if code < 24:
            return major, code
        if code > 27:
            what = "indefinite length" if code == 31 else f"reserved head 0x{first:02x}"
            raise BadCborError(f"{what} at byte {at}")
        extra = 1 << code - 24
        number = int.from_bytes(self._take(extra))
        if major != _SIMPLE and number < _SHORTEST_FROM[extra]:
            raise BadCborError(f"a number at byte {at} is not the shortest")
        return major, number

    def _take(self, count: int) -> bytes:
        if count > len(self._data) - self.at:
            left = len(self._data) - self.at
            raise BadCborError(f"{left} bytes left at byte {self.at} where {count} belong")
        self.at += count
        return self._data[self.at - count : self.at]

    def _text(self, count: int) -> str:
        try:
            return self._take(count).decode()
        except UnicodeDecodeError as error:
            raise BadCborError(f"text before byte {self.at} is not UTF-8") from error

    def _map(self, count: int, depth: int) -> dict[str, Value]:
        out: dict[str, Value] = {}
        last = (-1, b"")
        for _ in range(count):
            at = self.at
            major, length = self._head()
            if major != _TEXT:
                raise BadCborError(f"the key at byte {at} is no text")
            key = self._text(length)
            order = _order(key)
            if order <= last:
                raise BadCborError(f"key {key!r} is repeated or out of order")
            last = order
            out[key] = self.value(depth + 1)
        return out

    def _link(self, tag: int) -> CidLink:
        if tag != _CID_TAG:
            raise BadCborError(f"tag {tag}, wants {_CID_TAG} (a CID)")
        major, length = self._head()
        if major != _BYTES:
            raise BadCborError("a CID that is no byte string")
        raw = self._take(length)
        if raw[:1] != b"\0":
            raise BadCborError("a CID without its leading zero byte")
        cid = Cid(raw[1:])
        _check_cid(cid)
        return CidLink(cid)


def _check_cid(cid: Cid) -> None:
    try:
        cids.decode(cid)
    except PeerError as error:
        raise BadCborError(f"a link: {error}") from error
