"""Blocks as they come from the wire: header bytes and raw transactions, not trusted yet."""

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from node.base.block import Block
from node.base.errors import CodecError
from node.base.header import Header


class HeaderForm(Protocol):
    """How the headers of an engine travel, and how they are kept."""

    def split(self, header: Header) -> tuple[Header, bytes | None]:
        """Part a header as it travels into the one that is kept and its certificate.

        raises        CodecError.
        """
        ...

    def join(self, header: Header, certificate: bytes | None) -> Header:
        """Give the header as it travels.

        raises        CodecError.
        """
        ...


class WholeForm:
    """The form of engines whose headers travel as they are kept."""

    def split(self, header: Header) -> tuple[Header, bytes | None]:
        """Give the header itself."""
        return header, None

    def join(self, header: Header, certificate: bytes | None) -> Header:
        """Give the header itself."""
        del certificate
        return header


WHOLE: Final[HeaderForm] = WholeForm()


class CertifiedBlock(NamedTuple):
    """A block as it is kept, and what shows that it was decided."""

    block: Block
    certificate: bytes | None


def block_of(header: bytes, transactions: Sequence[bytes], form: HeaderForm) -> CertifiedBlock:
    """Read a header and put it together with its transactions.

    raises        CodecError: the header is not canonical or not of this form, or a transaction is
                  empty.
    """
    kept, certificate = form.split(Header.decode(header))
    return CertifiedBlock(Block(kept, checked_transactions(transactions)), certificate)


def checked_transactions(transactions: Sequence[bytes]) -> tuple[bytes, ...]:
    """Refuse what can be no transaction: its first byte decides how it is written into a block."""
    if not all(transactions):
        raise CodecError("block", "an empty transaction")
    return tuple(transactions)
