"""Fields of a record's JSON object, read strictly: what is wrong is told with its path."""

import re
from collections.abc import Mapping
from typing import Final, cast

from node.privacy.canonical_json import WHOLE, key_path
from node.privacy.errors import RecordError

_HEX: Final = re.compile("[0-9a-f]*")


def as_object(value: object, path: str) -> Mapping[str, object]:
    """Give a value as a mapping.  raises RecordError: it is no object."""
    if not isinstance(value, dict):
        raise RecordError(path or WHOLE, "wants an object")
    return cast("dict[str, object]", value)  # JSON has no other keys


def check_keys(document: Mapping[str, object], wanted: tuple[str, ...], path: str) -> None:
    """Refuse keys that are unknown or missing.  raises RecordError, which names the key."""
    for key in document:
        if key not in wanted:
            raise RecordError(key_path(path, key), f"is unknown; known are {', '.join(wanted)}")
    for key in wanted:
        if key not in document:
            raise RecordError(key_path(path, key), "is missing")


def text_of(document: Mapping[str, object], key: str, path: str) -> str:
    """Give the text at a key.  raises RecordError: it is none."""
    value = document[key]
    if not isinstance(value, str):
        raise RecordError(key_path(path, key), "wants a text")
    return value


def integer_of(
    document: Mapping[str, object], key: str, at_most: int, *, at_least: int = 0, path: str = ""
) -> int:
    """Give the integer at a key.  raises RecordError: it is none, or out of range."""
    return whole_of(document[key], key_path(path, key), at_most, at_least=at_least)


def whole_of(value: object, path: str, at_most: int, *, at_least: int = 0) -> int:
    """Give an integer.  raises RecordError: it is none, or out of range."""
    if isinstance(value, bool) or not isinstance(value, int) or not at_least <= value <= at_most:
        raise RecordError(path, f"wants an integer from {at_least} to {at_most}")
    return value


def hex_of(document: Mapping[str, object], key: str, count: int, path: str = "") -> bytes:
    """Give ``count`` bytes that a text has as lower-case hex.  raises RecordError: it has not."""
    text = text_of(document, key, path)
    if len(text) != 2 * count or not _HEX.fullmatch(text):
        raise RecordError(key_path(path, key), f"wants {count} bytes as lower-case hex")
    return bytes.fromhex(text)


def list_of(document: Mapping[str, object], key: str) -> list[object]:
    """Give the list at a key.  raises RecordError: it is none."""
    value = document[key]
    if not isinstance(value, list):
        raise RecordError(key, "wants a list")
    return cast("list[object]", value)


def texts_of(document: Mapping[str, object], key: str) -> tuple[str, ...]:
    """Give the list of texts at a key.  raises RecordError: it is none."""
    texts: list[str] = []
    for index, value in enumerate(list_of(document, key)):
        if not isinstance(value, str):
            raise RecordError(f"{key}[{index}]", "wants a text")
        texts.append(value)
    return tuple(texts)
