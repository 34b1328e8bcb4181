"""What a request to the gateway asks for, before any block is looked at.

The query wins over ``Accept``, the default over nothing (content-store.md, section 15; Trustless
Gateway specification; parameters of the CAR type: IPIP-0412).
"""

import re
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from node.base.types import Cid
from node.ipfs_lite.errors import BadPathError, HttpRefusedError
from node.ipfs_lite.http import Request
from node.ipfs_lite.paths import IpfsPath, parse_path
from node.ipfs_lite.selection import ByteRange, Scope, Selection

RAW_TYPE: Final = "application/vnd.ipld.raw"
CAR_TYPE: Final = "application/vnd.ipld.car"
_FORMATS: Final = {"raw": RAW_TYPE, "car": CAR_TYPE}
_CAR_VALUES: Final = {"version": ("1",), "order": ("dfs", "unk"), "dups": ("y", "n")}
"""Parameters of the CAR type and the values that can be had; unk is answered with dfs."""
_PREFIX: Final = "/ipfs/"
_BAD_ESCAPE: Final = re.compile("%(?![0-9A-Fa-f]{2})")
_NUMBER: Final = re.compile("-?[0-9]{1,18}")
_FILE_NAME: Final = re.compile("[A-Za-z0-9._-]{1,128}")
_ENTITY_TAG: Final = re.compile(r'(?:W/)?("[^"]*")|\*')


class Query(NamedTuple):
    """A request that is well formed."""

    path: IpfsPath
    is_car: bool
    has_repeats: bool
    scope: Scope
    part: ByteRange | None
    file_name: str | None
    """What a browser shall call it."""
    only_if_cached: bool
    known_tags: tuple[str, ...]
    """Entity tags that the client has, without ``W/``; ``*`` is any."""

    def selection(self, root: Cid) -> Selection:
        """Give which blocks a CAR file has behind its path, which ends at ``root``."""
        return Selection(root, self.scope, self.part, self.has_repeats)

    def canonical(self) -> str:
        """Give all that decides the bytes of a CAR file, but for the root."""
        part = f"{self.part.first}:{self.part.last}" if self.part else ""
        dups = "y" if self.has_repeats else "n"
        return "\n".join(("/".join(self.path.names), self.scope.value, part, "dfs", dups))


@dataclass(frozen=True, slots=True)
class _Accepted:
    kind: str
    parameters: dict[str, str]
    quality: float


def read_query(request: Request) -> Query:
    """Read a request.

    raises        HttpRefusedError: 405 another method, 406 no type that can be had, 400 all else.
    """
    if request.method not in ("GET", "HEAD"):
        raise HttpRefusedError(405, f"method {request.method[:20]}, wants GET or HEAD")
    path = _path(request.path)
    one = _once(request.query)
    kind, parameters = _format(one.get("format"), request.headers.get("accept"))
    is_car = kind == CAR_TYPE
    if not is_car and path.names:
        raise HttpRefusedError(400, "a raw block has no path: ask for it by its own CID")
    for name in _CAR_VALUES:
        if is_car and (value := one.get(f"car-{name}")) is not None:
            _check(f"car-{name}", value, _CAR_VALUES[name])
            parameters[name] = value
    scope, part = _scope(one) if is_car else (Scope.BLOCK, None)
    return Query(
        path,
        is_car,
        parameters.get("dups") == "y",
        scope,
        part,
        _file_name(one.get("filename")),
        "only-if-cached" in _listed(request.headers.get("cache-control", "").lower()),
        _tags(request.headers.get("if-none-match", "")),
    )


def _path(text: str) -> IpfsPath:
    if not text.startswith(_PREFIX):
        raise HttpRefusedError(400, f"wants {_PREFIX}<cid>")
    if _BAD_ESCAPE.search(text):
        raise HttpRefusedError(400, "a % in the path that is no escape of two hex digits")
    parts = [unquote_to_bytes(part) for part in text.removeprefix(_PREFIX).split("/")]
    try:
        names = [part.decode() for part in parts]
        if any("/" in name for name in names):
            raise HttpRefusedError(400, "an escaped / in the path: no name has one")
        return parse_path(_PREFIX + "/".join(names))
    except UnicodeDecodeError as error:
        raise HttpRefusedError(400, "the path is not UTF-8") from error
    except BadPathError as error:
        raise HttpRefusedError(400, error.what) from error


def _once(query: tuple[tuple[str, str], ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in query:
        if name in found:
            raise HttpRefusedError(400, f"parameter {name[:40]} more than once")
        found[name] = value
    return found


def _format(name: str | None, accept: str | None) -> tuple[str, dict[str, str]]:
    """Give the type and the parameters of CAR that the header asks for."""
    wanted = _accepted(accept) if accept is not None else []
    if name is not None:
        _check("format", name, tuple(_FORMATS))
        kind = _FORMATS[name]
        return kind, next((dict(one.parameters) for one in wanted if one.kind == kind), {})
    if accept is None:
        raise HttpRefusedError(400, "wants ?format=raw or car, or the header Accept")
    if not wanted:
        raise HttpRefusedError(406, f"Accept names neither {RAW_TYPE} nor {CAR_TYPE}")
    return wanted[0].kind, dict(wanted[0].parameters)


def _accepted(accept: str) -> list[_Accepted]:
    """Give what can be had of a header, the best first (RFC 9110, section 12.5.1)."""
    found: list[_Accepted] = []
    for entry in _listed(accept):
        kind, *rest = (part.strip() for part in entry.split(";"))
        pairs = {name.strip().lower(): value.strip(' "') for name, _, value in map(_split, rest)}
        quality = _quality(pairs.pop("q", "1"))
        parameters = {name: pairs[name] for name in _CAR_VALUES if name in pairs}
        if kind.lower() in _FORMATS.values() and quality > 0:
            if kind.lower() == RAW_TYPE:
                parameters = {}
            if all(value in _CAR_VALUES[name] for name, value in parameters.items()):
                found.append(_Accepted(kind.lower(), parameters, quality))
    return sorted(found, key=lambda one: -one.quality)


def _split(parameter: str) -> tuple[str, str, str]:
    return parameter.partition("=")


def _quality(text: str) -> float:
    return float(text) if re.fullmatch(r"[01](\.[0-9]{0,3})?", text) else 0.0


def _scope(one: dict[str, str]) -> tuple[Scope, ByteRange | None]:
    scope = one.get("dag-scope", Scope.ALL.value)
    _check("dag-scope", scope, tuple(scope.value for scope in Scope))
    if (text := one.get("entity-bytes")) is None:
        return Scope(scope), None
    first, colon, last = text.partition(":")
    if not colon or not _NUMBER.fullmatch(first) or not (last == "*" or _NUMBER.fullmatch(last)):
        raise HttpRefusedError(400, f"entity-bytes={text[:40]}, wants from:to, to may be *")
    part = ByteRange(int(first), None if last == "*" else int(last))
    if part.last is not None and (part.first < 0) == (part.last < 0) and part.first > part.last:
        raise HttpRefusedError(400, f"entity-bytes={text[:40]} ends before it begins")
    return Scope.ENTITY, part  # which a range implies, whatever else is said


def _file_name(text: str | None) -> str | None:
    if text is not None and not _FILE_NAME.fullmatch(text):
        raise HttpRefusedError(400, "filename wants 1 to 128 letters, digits, dots, _ or -")
    return text


def _tags(header: str) -> tuple[str, ...]:
    return tuple(match[1] or "*" for match in _ENTITY_TAG.finditer(header))


def _listed(header: str) -> list[str]:
    return [part.strip() for part in header.split(",") if part.strip()]


def _check(name: str, value: str, wants: tuple[str, ...]) -> None:
    if value not in wants:
        raise HttpRefusedError(400, f"{name}={value[:40]}, wants {' or '.join(wants)}")
