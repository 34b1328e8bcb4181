from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from node.base.rng import TreeEntropy
from node.sss.derivation import record_key_of
from node.sss.drbg import SeedsUsed
from node.sss.errors import (
    DuplicateShareError,
    FragmentMismatchError,
    MixedRecordsError,
    ShareFormatError,
)
from node.sss.fragments import (
    checked_payloads,
    container_bytes,
    fragment_head,
    write_fragments,
)
from node.sss.gf256 import BLOCK_BYTES
from node.sss.keyed_deal import draw_deal
from node.sss.reed_solomon import disperse
from node.sss.shares import CONTAINER_HEAD_BYTES, decode_container
from tests.sss.deals import SIMULATION, custodian_addresses, make_deal, make_terms

RECORD = bytes(range(100))
DEAL = make_deal(RECORD)
MANIFEST = DEAL.manifest(custodian_addresses(4))


def _dealt(length, *, t=3, n=5):
    return draw_deal(
        length,
        make_terms(t=t, n=n),
        entropy=TreeEntropy(1, "deal"),
        seeds=SeedsUsed(),
        profile=SIMULATION,
    )


@pytest.mark.parametrize(
    "length",
    [*range(1, 40), BLOCK_BYTES, 2 * BLOCK_BYTES - 16, 2 * BLOCK_BYTES - 15, 4 * BLOCK_BYTES + 3],
)
@pytest.mark.parametrize(("t", "n"), [(2, 2), (3, 5), (6, 7)])
def test_fragments_are_the_dispersed_ciphertext_of_one_call(length, t, n):
    """The tag may lie across slices, and slices may be nothing but padding."""
    dealt = _dealt(length, t=t, n=n)
    record = bytes(number % 251 for number in range(length))
    rooms = [bytearray(b"?" * container_bytes(dealt.header)) for _ in range(n - 1)]
    write_fragments(dealt, record, rooms)
    cipher = AESGCM(record_key_of(dealt.key))
    ciphertext = cipher.encrypt(dealt.header.nonce, record, dealt.header.encode())
    found = [decode_container(room, dealt.header) for room in rooms]
    assert [one.index for one in found] == list(range(1, n))
    assert tuple(one.payload for one in found) == disperse(ciphertext, needed=t - 1, total=n - 1)


def test_memory_of_another_length_is_refused():
    dealt = _dealt(8)
    with pytest.raises(ValueError, match=r"4 times \d+ bytes"):
        write_fragments(dealt, b"8 bytes.", [bytearray(8)] * 4)


def test_the_head_of_a_fragment_follows_from_the_header():
    for index, fragment in enumerate(DEAL.fragments, start=1):
        assert fragment_head(DEAL.header, index) == fragment[:CONTAINER_HEAD_BYTES]
        assert container_bytes(DEAL.header) == len(fragment)


def test_payloads_are_given_by_index():
    found = checked_payloads(MANIFEST, [DEAL.fragments[2], memoryview(DEAL.fragments[0])])
    assert {x: bytes(payload) for x, payload in found.items()} == {
        x: decode_container(DEAL.fragments[x - 1]).payload for x in (1, 3)
    }


def test_a_fragment_given_twice_is_refused():
    with pytest.raises(DuplicateShareError):
        checked_payloads(MANIFEST, [DEAL.fragments[0]] * 2)


def test_a_fragment_of_another_deal_is_refused():
    with pytest.raises(MixedRecordsError):
        checked_payloads(MANIFEST, [make_deal(RECORD, seed=2).fragments[0]])


def test_a_share_is_no_fragment():
    with pytest.raises(ShareFormatError, match="kind"):
        checked_payloads(MANIFEST, [DEAL.essential.encode()])


def test_a_fragment_that_the_manifest_does_not_list_is_named():
    share = decode_container(DEAL.fragments[1])
    other = replace(share, payload=bytes(len(share.payload))).encode()
    with pytest.raises(FragmentMismatchError) as caught:
        checked_payloads(MANIFEST, [other])
    assert caught.value.index == 2


@pytest.mark.parametrize("at", [0, 7, 80, 100, -1])
def test_a_flipped_bit_is_refused(at):
    broken = bytearray(DEAL.fragments[1])
    broken[at] ^= 1
    with pytest.raises(ShareFormatError):
        checked_payloads(MANIFEST, [broken])


@pytest.mark.parametrize("fragment", ["text", [1, 2]])
def test_what_is_not_bytes_is_refused(fragment):
    with pytest.raises(TypeError):
        checked_payloads(MANIFEST, [fragment])
