"""Uploaded forms, part by part, while they come: ``multipart/form-data`` as kubo's clients send it.

Memory is one piece of the body.  A name is the file name of its part, percent-encoded, with ``/``
between folders; ``application/x-directory`` is a folder, ``application/symlink`` a link whose
target is the body (kubo's own convention, not RFC 7578's).
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Final
from urllib.parse import unquote_to_bytes

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from node.base.limits import (
    UPLOAD_BYTES_MAX,
    UPLOAD_FIELD_BYTES_MAX,
    UPLOAD_FIELDS_COUNT_MAX,
)
from node.ipfs_lite.errors import HttpRefusedError

FOLDER_TYPE: Final = "application/x-directory"
SYMLINK_TYPE: Final = "application/symlink"
_BOUNDARY_BYTES_MAX: Final = 200


class PartKind(Enum):
    """What a part of a form stands for."""

    FILE = "file"
    FOLDER = "folder"
    SYMLINK = "symlink"


class Part:
    """One part; its bytes come while the form is read, so they are read before the next part."""

    def __init__(self, names: tuple[str, ...], kind: PartKind, form: "_Form") -> None:
        """Begin at the first byte of the part."""
        self.names = names
        """Folders and file; empty for a part without a file name."""
        self.kind = kind
        self._form = form

    def pieces(self) -> Iterator[bytes]:
        """Give the bytes in pieces of any length."""
        while (piece := self._form.next_data()) is not None:
            yield piece

    def read(self, bytes_max: int = UPLOAD_FIELD_BYTES_MAX) -> bytes:
        """Give the bytes at once.  raises HttpRefusedError: more than ``bytes_max``."""
        whole = bytearray()
        for piece in self.pieces():
            whole += piece
            if len(whole) > bytes_max:
                name = "/".join(self.names)
                raise HttpRefusedError(400, f"{name!r} has more than {bytes_max} bytes")
        return bytes(whole)


def read_parts(headers: Mapping[str, str], body: Iterable[bytes]) -> Iterator[Part]:
    """Give the parts of a form; what of a part was not read is skipped.

    ``headers``   of the request, names in lower case.
    raises        HttpRefusedError: no form, a broken one, a wrong name, or more than
                  UPLOAD_BYTES_MAX bytes.  And what ``body`` raises.
    """
    form = _Form(_boundary(headers.get("content-type", "")), body)
    while (fields := form.next_part()) is not None:
        yield _part(fields, form)
        while form.next_data() is not None:
            pass


class _Begin(dict[str, str]):
    """The headers of a part that begins."""


class _End:
    """A part ends."""


class _Form:
    """Turns the parser's calls into a queue of events; holds what one piece of the body gave."""

    def __init__(self, boundary: bytes, body: Iterable[bytes]) -> None:
        self._body = iter(body)
        self._events: deque[_Begin | bytes | _End] = deque()
        self._fields = _Begin()
        self._name = bytearray()
        self._value = bytearray()
        self._size = 0
        self._is_in_part = False
        self._is_over = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._more_name,
                "on_header_value": self._more_value,
                "on_header_end": self._field,
                "on_headers_finished": self._opened,
                "on_part_data": self._data,
                "on_part_end": self._ended,
                "on_end": self._finished,
            },
            max_header_count=UPLOAD_FIELDS_COUNT_MAX,
            max_header_size=UPLOAD_FIELD_BYTES_MAX,
        )

    def next_part(self) -> _Begin | None:
        """Go on to the headers of the next part, None at the end of the form."""
        while (event := self._next()) is not None:
            if isinstance(event, _Begin):
                self._is_in_part = True
                return event
        return None

    def next_data(self) -> bytes | None:
        """Give the next bytes of this part, None at its end."""
        if not self._is_in_part:
            return None
        event = self._next()
        if isinstance(event, bytes):
            return event
        self._is_in_part = False
        return None

    def _next(self) -> _Begin | bytes | _End | None:
        while not self._events and not self._is_over:
            self._feed()
        return self._events.popleft() if self._events else None

    def _feed(self) -> None:
        piece = next(self._body, None)
        if piece is None:
            raise HttpRefusedError(400, "the form ends without its closing boundary")
        self._size += len(piece)
        if self._size > UPLOAD_BYTES_MAX:
            raise HttpRefusedError(413, f"the upload has more than {UPLOAD_BYTES_MAX} bytes")
        try:
            self._parser.write(piece)
        except MultipartParseError as error:
            raise HttpRefusedError(400, f"no multipart form: {error}") from error

    def _begin(self) -> None:
        self._fields = _Begin()

    def _more_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _more_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _field(self) -> None:
        self._fields[self._name.decode("latin-1").lower()] = self._value.decode("latin-1")
        self._name.clear()
        self._value.clear()

    def _opened(self) -> None:
        self._events.append(self._fields)

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(data[start:end])

    def _ended(self) -> None:
        self._events.append(_End())

    def _finished(self) -> None:
        self._is_over = True


def _boundary(content_type: str) -> bytes:
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 0 < len(boundary) <= _BOUNDARY_BYTES_MAX:
        raise HttpRefusedError(400, "wants a body of multipart/form-data with a boundary")
    return boundary


def _part(fields: Mapping[str, str], form: _Form) -> Part:
    _, options = parse_options_header(fields.get("content-disposition", ""))
    kind, _ = parse_options_header(fields.get("content-type", ""))
    match kind.decode("latin-1"):
        case "application/x-directory":
            part_kind = PartKind.FOLDER
        case "application/symlink":
            part_kind = PartKind.SYMLINK
        case _:
            part_kind = PartKind.FILE
    return Part(_names(options.get(b"filename", b"")), part_kind, form)


def _names(sent: bytes) -> tuple[str, ...]:
    """Take a file name apart: a plus is a space, as Go's ``QueryEscape`` writes it."""
    try:
        text = unquote_to_bytes(sent.replace(b"+", b" ")).decode()
    except UnicodeDecodeError as error:
        raise HttpRefusedError(400, f"the file name {sent!r} is not UTF-8") from error
    names = tuple(name for name in text.split("/") if name not in ("", "."))
    if ".." in names or "\0" in text:
        raise HttpRefusedError(400, f"the file name {text!r} leads out of the upload")
    return names
