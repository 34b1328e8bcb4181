"""The values inside a genesis.json: go-ethereum's ways to write numbers, hashes and words."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from node.base.errors import ConfigError
from node.base.types import Address

_LONG: Final = ("balance", "chainId", "baseFeePerGas", "difficulty", "terminalTotalDifficulty")
"""Numbers of up to 256 bits; all others have 64."""
_NUMBER: Final = re.compile(r"0[xX][0-9a-fA-F]{1,200}|[0-9]{0,200}")


def mapping(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Read an object.  raises ConfigError, as all of these do."""
    value = data.get(key)
    if not isinstance(value, Mapping):
        raise ConfigError(f"genesis: {key} wants an object")
    return value


def number(data: Mapping[str, Any], key: str, default: int | None = None) -> int:
    """Read a number: JSON integer, or quoted decimal or hex; quoted nothing is 0."""
    value = data.get(key, default)
    if isinstance(value, str):
        known = _NUMBER.fullmatch(value)
        value = int(value or "0", 16 if value[:2] in ("0x", "0X") else 10) if known else None
    bits = 256 if key in _LONG else 64
    if value is None or isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(f"genesis: {key} wants a number, got {data.get(key)!r}")
    if not 0 <= value < 2**bits:
        raise ConfigError(f"genesis: {key} wants a number of at most {bits} bits")
    return value


def hex_bytes(value: Any, what: str, size: int | None = None) -> bytes:  # noqa: ANN401 - JSON
    """Read hex with or without 0x; ``what`` names it in the error."""
    try:
        found = bytes.fromhex(value.removeprefix("0x"))
    except (ValueError, AttributeError, TypeError):
        raise ConfigError(f"genesis: {what} wants hex, got {value!r}") from None
    if size is not None and len(found) != size:
        raise ConfigError(f"genesis: {what} has {len(found)} bytes, wants {size}")
    return found


def address(value: Any, what: str) -> Address:  # noqa: ANN401 - JSON
    """Read 20 bytes of hex."""
    return Address(hex_bytes(value, what, 20))


def word(value: Any, what: str) -> int:  # noqa: ANN401 - JSON
    """Read a storage word of quoted hex, padded on the left."""
    text = value.removeprefix("0x") if isinstance(value, str) else value
    found = hex_bytes(f"0{text}" if isinstance(text, str) and len(text) % 2 else text, what)
    if len(found) > 32:
        raise ConfigError(f"genesis: {what} has {len(found)} bytes, at most 32")
    return int.from_bytes(found)


def only_zero(data: Mapping[str, Any], keys: Iterable[str]) -> None:
    """Refuse values other than 0 of fields that a genesis does not choose."""
    for key in keys:
        value = data.get(key)
        if value is not None and str(value).removeprefix("0x").strip("0"):
            raise ConfigError(f"genesis: {key} is {value!r}, wants 0")


def without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a JSON object, unless a key stands in it twice."""
    data: dict[str, Any] = {}
    for key, value in pairs:
        if key in data:
            raise ConfigError(f"genesis: key {key!r} stands twice in one object")
        data[key] = value
    return data
