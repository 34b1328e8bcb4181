"""How the headers of an engine travel, and how they are kept (consensus.md section 1).

Kept is the canonical header, whose plain hash is the block's; what honest nodes may hold
differently for one block (round, seals) stands beside it as its certificate.  In chain files, in
snapshots and on the wire both are one header again.
"""

from dataclasses import replace
from typing import Final, Protocol

from node.base.block import Block
from node.base.header import Header


class HeaderForm(Protocol):
    """Parts and joins the headers of one engine."""

    def split(self, header: Header) -> tuple[Header, bytes | None]:
        """Part a header as it travels into the canonical one and its certificate.

        raises        CodecError: extraData is not this engine's.
        """
        ...

    def join(self, header: Header, certificate: bytes | None) -> Header:
        """Give the header as it travels: what ``split`` was given.

        raises        CodecError: the certificate cannot be read.
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


def joined(block: Block, certificate: bytes | None, form: HeaderForm) -> Block:
    """Give a kept block as it travels; errors as ``HeaderForm.join``."""
    header = form.join(block.header, certificate)
    return block if header is block.header else replace(block, header=header)
