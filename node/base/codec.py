"""Canonical msgpack: sorted keys out, bounded in.  Never hashed where a peer chose the bytes."""

from collections.abc import Mapping
from typing import Any

import msgpack

from node.base.errors import CodecError
from node.base.limits import MSGPACK_BYTES_MAX


def pack(value: object) -> bytes:
    """Encode ints, bytes, str, bool, None, lists, tuples and dicts; dict keys are sorted."""
    packed: bytes = msgpack.packb(_sorted(value), use_bin_type=True)
    return packed


def unpack(data: bytes, *, bytes_max: int = MSGPACK_BYTES_MAX) -> Any:  # noqa: ANN401 - the caller checks the shape it expects
    """Decode one value that fills ``data``.

    raises        CodecError: malformed, trailing bytes, or larger than ``bytes_max``.
    """
    if len(data) > bytes_max:
        raise CodecError("msgpack", f"{len(data)} bytes, at most {bytes_max}")
    try:
        return msgpack.unpackb(data, raw=False, strict_map_key=False)
    # TypeError: a key that is a list cannot stand in a dict
    except (ValueError, TypeError, msgpack.exceptions.UnpackException, RecursionError) as error:
        raise CodecError("msgpack", str(error) or type(error).__name__) from error


def _sorted(value: object) -> object:
    if isinstance(value, Mapping):
        pairs: list[tuple[Any, object]] = sorted(value.items())
        return {key: _sorted(inner) for key, inner in pairs}
    if isinstance(value, list | tuple):
        return [_sorted(inner) for inner in value]
    return value
