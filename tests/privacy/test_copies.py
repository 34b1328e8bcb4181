import pytest

from node.base.codec import pack
from node.base.errors import CodecError
from node.base.rng import TreeEntropy
from node.privacy.copies import CopiedEntry, SealedCopy, open_copy, seal_copy
from node.privacy.record import PmrEntry, Study, commitment
from node.privacy.release_errors import SealedBoxError
from node.privacy.sealing import derive_private_key, public_key_of, seal

PRIVATE = derive_private_key(b"c" * 32)
KEY = public_key_of(PRIVATE)
PMR_ID = 2**64 * 10**8 - 1
ENTRIES = (
    CopiedEntry(PMR_ID, 0, b"\x01" * 32, PmrEntry(present_illness="cough")),
    CopiedEntry(PMR_ID, 7, b"\x02" * 32, Study(bytes(range(256)) * 40)),
)


def entropy() -> TreeEntropy:
    return TreeEntropy(1, "copy")


@pytest.mark.parametrize("entries", [ENTRIES, ENTRIES[1:], ()])
def test_copy_opens_to_its_entries(entries: tuple[CopiedEntry, ...]) -> None:
    assert open_copy(PRIVATE, 3, seal_copy(entries, 3, KEY, entropy())) == entries


def test_same_entries_have_another_commitment_each_time() -> None:
    drawn = entropy()
    one, other = (seal_copy(ENTRIES, 3, KEY, drawn) for _ in range(2))
    assert one.commitment != other.commitment


def test_copy_is_for_one_request_and_one_key() -> None:
    made = seal_copy(ENTRIES, 3, KEY, entropy())
    with pytest.raises(SealedBoxError):
        open_copy(PRIVATE, 4, made)
    with pytest.raises(SealedBoxError):
        open_copy(derive_private_key(b"d" * 32), 3, made)


def test_copy_says_nothing_in_its_repr() -> None:
    assert "cough" not in repr(ENTRIES)


@pytest.mark.parametrize("rows", [7, [7], [[b"", 0]], [[b"", b"", b""]], [[b"", 0, b"WREC"]]])
def test_strange_copy_is_refused_whoever_committed_to_it(rows: object) -> None:
    body, salt = pack(rows), bytes(32)
    sealed = seal(KEY, b"wardnet/copy/v1\x00" + (3).to_bytes(32), salt + body, entropy())
    with pytest.raises(CodecError):
        open_copy(PRIVATE, 3, SealedCopy(commitment(salt, body), sealed))


def test_copy_shorter_than_its_salt_is_refused() -> None:
    sealed = seal(KEY, b"wardnet/copy/v1\x00" + (3).to_bytes(32), b"short", entropy())
    with pytest.raises(CodecError):
        open_copy(PRIVATE, 3, SealedCopy(commitment(bytes(32), b""), sealed))
