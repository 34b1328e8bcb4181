"""Chain files: the RLP of one block after another, as go-ethereum exports and imports them.

Pure: bytes come from whatever can ``read``.  That a name ending in .gz means gzip is the business
of who opens the file.
source        go-ethereum v1.13.15, cmd/utils/cmd.go, ImportChain and ExportChain; ledger.md 11.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol

from node.base.errors import PeerError
from node.base.header_form import WHOLE, HeaderForm, joined
from node.base.limits import CHAIN_ITEM_BYTES_MAX
from node.evm.ledger import Ledger


@dataclass(eq=False)
class ChainFileError(PeerError):
    """A chain file holds something that is no block; ``item`` counts from 0."""

    exit_code: ClassVar[int] = 1
    item: int
    offset: int
    what: str

    def __str__(self) -> str:
        return f"item {self.item} of the chain file, at byte {self.offset}: {self.what}"


class ByteSource(Protocol):
    """An open file, or something like it."""

    def read(self, size: int, /) -> bytes:
        """Give at most ``size`` bytes; none: the end."""
        ...


class ChainItem(NamedTuple):
    """A piece of a chain file that has the length of an RLP list."""

    item: int
    """Its place, from 0."""
    offset: int
    """Its first byte in the file (in the unpacked one, of a .gz)."""
    raw: bytes


def split_items(source: ByteSource) -> Iterator[ChainItem]:
    """Cut a chain file into its items, reading no more than one ahead.

    What is inside an item is for ``Block.decode`` to judge.
    raises        ChainFileError: no list, longer than CHAIN_ITEM_BYTES_MAX, cut off by the end of
                  the file, or the source fails (gzip says what is wrong while it unpacks).
    """
    item = offset = 0
    while True:
        raw = _next_item(source, item, offset)
        if not raw:
            return
        yield ChainItem(item, offset, raw)
        item += 1
        offset += len(raw)


def encode_chain(ledger: Ledger, form: HeaderForm = WHOLE) -> Iterator[bytes]:
    """Give the items of a chain: block 0 to the head, with headers as they travel.

    raises        CodecError: a certificate that cannot be read.
    """
    for number in range(ledger.head.number + 1):
        block_hash = ledger.hash_by_number(number)
        assert block_hash is not None, "the chain has every number below its head"
        block = ledger.block(block_hash)
        assert block is not None, "and every block of it"
        yield joined(block, ledger.certificate(block_hash), form).encode()


def _next_item(source: ByteSource, item: int, offset: int) -> bytes:
    """Read the next item; none: the file ends here."""
    head = _read(source, 1, item, offset)
    if not head:
        return b""
    code = head[0]
    if code < 0xC0:
        raise ChainFileError(item, offset, f"0x{code:02x} begins no RLP list, so no block")
    length = code - 0xC0
    if length > 55:
        size = _read(source, length - 55, item, offset)
        _check_whole(size, length - 55, item, offset)
        length = int.from_bytes(size)
        head += size
    if len(head) + length > CHAIN_ITEM_BYTES_MAX:
        what = f"a list of {length} bytes, at most {CHAIN_ITEM_BYTES_MAX}"
        raise ChainFileError(item, offset, what)
    body = _read(source, length, item, offset)
    _check_whole(body, length, item, offset)
    return head + body


def _check_whole(got: bytes, want: int, item: int, offset: int) -> None:
    if len(got) < want:
        what = f"truncated: the file ends inside it, with {want - len(got)} bytes missing"
        raise ChainFileError(item, offset, what)


def _read(source: ByteSource, count: int, item: int, offset: int) -> bytes:
    """Read ``count`` bytes, or as many as there are."""
    parts: list[bytes] = []
    missing = count
    try:
        while missing and (part := source.read(missing)):
            parts.append(part)
            missing -= len(part)
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or error  # without the number of the error
        raise ChainFileError(item, offset, f"cannot be read: {why}") from error
    return b"".join(parts)
