"""The files of a deal as they are named on the command line, read and judged one by one."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from node.base.errors import OperatorError, UsageError

if TYPE_CHECKING:
    from node.sss.errors import ShareFormatError
    from node.sss.holder_file import HolderFile
    from node.sss.shares import Container

_TEXT_BYTES_MAX: Final = 1_024
"""A file with the line of a QR code: 252 characters and what a scanner puts around them."""
_FAULTS: Final = {
    "length": "it is cut off, or bytes follow its end",
    "magic": "it is no share file, those begin with WSB1",
    "format": "its version is unknown, wants 1",
    "scheme": "its scheme is unknown",
    "digest": "its bytes were changed, the digest does not fit",
    "threshold": "its t and n cannot be",
    "reserved": "bytes that must be zero are not",
    "kind": "it holds a part of another kind",
    "index": "its index cannot be",
    "deal": "its share belongs to another deal",
    "text": "the line after WARDNET: is no essential share",
}


@dataclass(eq=False)
class ShareFileError(OperatorError):
    """A file that was named cannot serve; ``hint`` says what that leaves."""

    path: str
    why: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.why}"


@dataclass(frozen=True, slots=True)
class GivenFile:
    """An open file of a holder and what stands in it."""

    path: Path
    file: BinaryIO
    holder: "HolderFile"


def open_file(stack: ExitStack, path: Path) -> BinaryIO:
    """Open a file until the stack is left.

    raises        UsageError: it cannot be opened.
    """
    try:
        return stack.enter_context(path.open("rb"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def read_given(path: Path, file: BinaryIO) -> GivenFile:
    """Read what a holder's file says.

    raises        ShareFileError: it is none, or is damaged.
                  UsageError: it cannot be read.
    """
    from node.sss.errors import MixedRecordsError, ShareFormatError
    from node.sss.holder_file import read_holder_file

    try:
        return GivenFile(path, file, read_holder_file(file))
    except ShareFormatError as error:
        raise ShareFileError(str(path), fault_text(error)) from error
    except MixedRecordsError as error:
        raise ShareFileError(str(path), f"its parts are {error}") from error
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def fault_text(error: "ShareFormatError") -> str:
    """Say what a code means for the file that it was found in."""
    return f"{_FAULTS.get(error.code, 'it breaks a rule')} ({error})"


def read_line(path: Path, file: BinaryIO) -> "Container | None":
    """Give the essential share of a file with the line of a QR code, None if it has none.

    raises        ShareFileError: it begins as such a line and is none.
    """
    from node.sss.errors import ShareFormatError
    from node.sss.essential_text import PREFIX, from_text

    try:
        file.seek(0)
        start = file.read(_TEXT_BYTES_MAX)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    line = start.decode("ascii", "replace").strip()
    if not line.startswith(PREFIX):
        return None
    try:
        return from_text(line)
    except ShareFormatError as error:
        raise ShareFileError(str(path), fault_text(error)) from error
