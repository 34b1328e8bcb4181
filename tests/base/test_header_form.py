"""Headers that travel as they are kept, and blocks whose header is joined."""

from dataclasses import replace

from node.base.block import Block
from node.base.header_form import WHOLE, joined
from tests.base.headers import empty_header


class Marked:
    """A form whose certificate is all of extraData."""

    def split(self, header):
        return replace(header, extra_data=b""), header.extra_data

    def join(self, header, certificate):
        return replace(header, extra_data=certificate)


def test_a_whole_header_has_no_certificate_and_ignores_one():
    header = empty_header()
    assert WHOLE.split(header) == (header, None)
    assert WHOLE.join(header, b"seals") is header


def test_a_block_of_whole_headers_travels_as_it_is():
    block = Block(empty_header(), (b"\x01",))
    assert joined(block, None, WHOLE) is block


def test_a_joined_block_has_the_header_that_was_split_and_the_same_body():
    block = Block(replace(empty_header(), extra_data=b"seals"), (b"\x01",))
    kept, certificate = Marked().split(block.header)
    assert joined(replace(block, header=kept), certificate, Marked()) == block
