"""Canonical JSON: UTF-8, sorted keys, no spaces, integers only (records.md, section 2).

Two encoders that agree on a record agree on its bytes, so a commitment to the bytes is a
commitment to the record.
"""

import json
import re
from collections.abc import Mapping
from typing import Final, NoReturn

from node.base.limits import RECORD_JSON_BYTES_MAX, RECORD_JSON_DEPTH_MAX
from node.privacy.errors import RecordError

WHOLE: Final = "(record)"
"""Stands for the path of the outermost value."""
EXACT_INTEGER_MAX: Final = 2**53 - 1
"""Largest integer that every JSON reader keeps exact (RFC 8259, section 6)."""
_BRACKETS: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
"""Strings are matched to be skipped: a bracket inside one nests nothing.  The closing quote is
optional, or a text of many escaped quotes would be scanned once per quote."""
_PLAIN_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


def encode(value: object) -> bytes:
    """Encode texts, integers, booleans, null, lists and objects with text keys.

    raises        RecordError: a float, a large integer, another type, a lone surrogate (names the
                  key's path), too deep, or more than RECORD_JSON_BYTES_MAX bytes.
    """
    _check(value, "", 0)
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    data = text.encode()
    if len(data) > RECORD_JSON_BYTES_MAX:
        raise RecordError(WHOLE, f"{len(data)} bytes, at most {RECORD_JSON_BYTES_MAX}")
    return data


def decode(data: bytes) -> object:
    """Decode bytes that ``encode`` could have written, and no others.

    raises        RecordError: no JSON, a key twice, a float, or not in canonical form.
    """
    if len(data) > RECORD_JSON_BYTES_MAX:
        raise RecordError(WHOLE, f"{len(data)} bytes, at most {RECORD_JSON_BYTES_MAX}")
    _check_depth(data)
    value = _parse(data)
    if encode(value) != data:
        raise RecordError(WHOLE, "is not canonical: keys sorted, no spaces, no escapes")
    return value


def key_path(path: str, key: str) -> str:
    """Append a key to a path; a key that does not look like one may be somebody's name."""
    shown = key if _PLAIN_KEY.fullmatch(key) else "(a key that is no name of a field)"
    return f"{path}.{shown}" if path else shown


def _check_depth(data: bytes) -> None:
    """Refuse deep nesting before it is parsed.

    The json module recurses on the C stack and relies on the interpreter's recursion limit, which
    py-evm raises: 100,000 brackets from a peer would end the process.
    """
    depth = 0
    for match in _BRACKETS.finditer(data):
        token = match[0]
        depth += (token in b"[{") - (token in b"]}")
        if depth > RECORD_JSON_DEPTH_MAX:
            raise RecordError(WHOLE, f"is nested deeper than {RECORD_JSON_DEPTH_MAX}")


def _parse(data: bytes) -> object:
    try:
        value: object = json.loads(
            data.decode(),
            object_pairs_hook=_object,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
    except ValueError:
        pass
    else:
        return value
    # raised out here: the error of the json module holds the whole record
    raise RecordError(WHOLE, "is no JSON in UTF-8")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise RecordError(key_path("", key), "stands twice in one object")
        found[key] = value
    return found


def _no_float(_text: str) -> NoReturn:
    raise RecordError(WHOLE, "has a float; wants integers, with the unit in the key")


def _check(value: object, path: str, depth: int) -> None:
    here = path or WHOLE
    if depth > RECORD_JSON_DEPTH_MAX:
        raise RecordError(WHOLE, f"is nested deeper than {RECORD_JSON_DEPTH_MAX}")
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise RecordError(here, "has a key that is no text")
            _check_text(key, here)
            _check(inner, key_path(path, key), depth + 1)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            _check(inner, f"{path}[{index}]", depth + 1)
    elif isinstance(value, str):
        _check_text(value, here)
    elif isinstance(value, float):
        raise RecordError(here, "is a float; wants an integer, with the unit in the key")
    elif isinstance(value, int):
        if abs(value) > EXACT_INTEGER_MAX:
            raise RecordError(here, "is an integer beyond 2**53 - 1")
    elif value is not None:
        raise RecordError(here, "is no JSON value")


def _check_text(text: str, here: str) -> None:
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise RecordError(here, "has a lone surrogate, which UTF-8 cannot say")
