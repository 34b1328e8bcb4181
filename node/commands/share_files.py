"""The files of a deal as they are named on the command line, read and judged one by one."""

import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from node.base.errors import OperatorError, UsageError
from node.commands import output
from node.commands.progress import LINE_SECONDS_MIN

if TYPE_CHECKING:
    from node.sss.errors import ShareFormatError
    from node.sss.holder_file import HolderFile
    from node.sss.shares import Container

_TEXT_BYTES_MAX: Final = 1_024
"""A file with the line of a QR code: 252 characters and what a scanner puts around them."""
_OTHER_FILES: Final = 64
"""Besides a deal's: the standard streams, the record, libraries."""
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
    "scalar": "its share is no scalar, it is not below the order of the curve",
    "point": "a public point of its manifest cannot be",
    "text": "the line after WARDNET: is no essential share",
}


@dataclass(eq=False)
class ShareFileError(OperatorError):
    """A file that was named cannot serve; ``hint`` says what that leaves."""

    path: str
    why: str
    hint: str = ""

    def __str__(self) -> str:
        return output.printable(f"{self.path}: {self.why}")


class Meter:
    """Tells on stderr how much has been read, at most every five seconds."""

    def __init__(self, verb: str, *, is_quiet: bool) -> None:
        self._verb = verb
        self._is_quiet = is_quiet
        self._bytes = 0
        self._last = time.monotonic()

    def count(self, size: int) -> None:
        """Take note of bytes that were read."""
        self._bytes += size
        now = time.monotonic()
        if now - self._last >= LINE_SECONDS_MIN and not self._is_quiet:
            self._last = now
            output.talk(f"{self._verb}: {self._bytes / 1e6:,.0f} MB read")


class MeteredFile:
    """An open file to read from; its errors name it, its bytes are counted.

    Without the name an error would be taken for one of what is written meanwhile.
    """

    def __init__(self, name: str, file: BinaryIO, meter: Meter) -> None:
        self._name = name
        self._file = file
        self._meter = meter

    def read(self, size: int = -1, /) -> bytes:
        """Give at most ``size`` bytes; none at the end.  raises UsageError."""
        try:
            data = self._file.read(size)
        except OSError as error:
            raise UsageError(f"{self._name}: cannot be read: {error.strerror}") from error
        self._meter.count(len(data))
        return data

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a byte."""
        return self._file.seek(offset, whence)


@dataclass(frozen=True, slots=True)
class GivenFile:
    """An open file of a holder and what stands in it."""

    path: Path
    file: BinaryIO
    holder: "HolderFile"


def allow_open_files(count: int) -> None:
    """Let this process have so many files open and a few more, as far as the system lets it.

    A deal has up to 254 custodians, twice as many files with foreign copies, and shells give 256.
    """
    try:
        import resource
    except ModuleNotFoundError:  # Windows, which has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + _OTHER_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


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
                  UsageError: it cannot be read, or only once from front to end.
    """
    from node.sss.errors import MixedRecordsError, ShareFormatError
    from node.sss.holder_file import read_holder_file

    if not file.seekable():  # only the line of a QR code may come through a pipe
        raise UsageError(f"{path}: is a pipe or device, wants a regular file")
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
