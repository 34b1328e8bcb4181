import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap
from hypothesis import given
from hypothesis import strategies as st

from node.base.rng import TreeEntropy
from node.ipfs_lite.cid import make_cid
from node.ipfs_lite.errors import StoreKeyError
from node.ipfs_lite.seal import Sealed, Sealer, key_of_passphrase

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))


@pytest.fixture
def sealer():
    return Sealer(KEY, TreeEntropy(7, "deks"))


@given(data=st.binary(max_size=200))
def test_what_is_sealed_opens(data):
    sealer = Sealer(KEY, TreeEntropy(7, "deks"))
    multihash = make_cid(data)[2:]
    sealed = sealer.seal(multihash, data)
    assert sealer.open(multihash, sealed) == data
    assert (len(sealed.dek), len(sealed.data)) == (40, len(data) + 16)


def test_the_form_is_that_of_the_specification(sealer):
    """content-store.md, section 8: AES-KW, AES-256-GCM, zero nonce, label and multihash."""
    multihash = make_cid(b"data")[2:]
    sealed = sealer.seal(multihash, b"data")
    dek = aes_key_unwrap(KEY, sealed.dek)
    assert dek == TreeEntropy(7, "deks").take(32)
    assert AESGCM(dek).decrypt(bytes(12), sealed.data, b"wardnet/block/1" + multihash) == b"data"


def test_a_data_key_seals_one_message(sealer):
    multihash = make_cid(b"data")[2:]
    first, second = (sealer.seal(multihash, b"data") for _ in range(2))
    assert first.dek != second.dek
    assert first.data != second.data


@pytest.mark.parametrize("part", [0, 1])
@pytest.mark.parametrize("place", [0, -1])
def test_a_changed_bit_opens_nothing(sealer, part, place):
    multihash = make_cid(b"data")[2:]
    parts = list(sealer.seal(multihash, b"data"))
    changed = bytearray(parts[part])
    changed[place] ^= 1
    parts[part] = bytes(changed)
    assert sealer.open(multihash, Sealed(*parts)) is None


@pytest.mark.parametrize("cut", [0, 1, 15, 39])
def test_a_cut_part_opens_nothing(sealer, cut):
    multihash = make_cid(b"data")[2:]
    dek, data = sealer.seal(multihash, b"data")
    assert sealer.open(multihash, Sealed(dek[:cut], data)) is None
    assert sealer.open(multihash, Sealed(dek, data[: min(cut, 15)])) is None


def test_a_block_does_not_open_as_another(sealer):
    sealed = sealer.seal(make_cid(b"data")[2:], b"data")
    assert sealer.open(make_cid(b"other")[2:], sealed) is None


def test_another_store_key_opens_nothing(sealer):
    other = Sealer(OTHER, TreeEntropy(7, "deks"))
    multihash = make_cid(b"data")[2:]
    assert other.open(multihash, sealer.seal(multihash, b"data")) is None
    assert other.key_id != sealer.key_id


def test_a_rewrapped_key_opens_under_the_new_store_key_only(sealer):
    other = Sealer(OTHER, TreeEntropy(8, "deks"))
    multihash = make_cid(b"data")[2:]
    dek, data = sealer.seal(multihash, b"data")
    moved = Sealed(sealer.rewrap(dek, other), data)
    assert other.open(multihash, moved) == b"data"
    assert sealer.open(multihash, moved) is None


def test_a_damaged_data_key_is_not_rewrapped(sealer):
    assert sealer.rewrap(bytes(40), Sealer(OTHER, TreeEntropy(8, "deks"))) is None


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_of_another_length_is_refused(length):
    with pytest.raises(StoreKeyError, match=f"{length} bytes, wants 32"):
        Sealer(bytes(length), TreeEntropy(7))


def test_a_passphrase_gives_the_key_of_scrypt():
    """The parameters are part of the format; the value is worked out by another library."""
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    salt = bytes(range(16))
    judge = Scrypt(salt=salt, length=32, n=2**17, r=8, p=1).derive("schlüssel".encode())
    assert key_of_passphrase("schlüssel", salt) == judge


def test_a_long_block_is_sealed_in_memory_that_the_next_one_uses():
    sealer = Sealer(bytes(range(32)), TreeEntropy(1, "deks"))
    first_dek, view = sealer.seal_long(b"mh1", b"first block")
    first = bytes(view)
    second_dek, again = sealer.seal_long(b"mh2", b"second")
    assert sealer.open(b"mh1", Sealed(first_dek, first)) == b"first block"
    assert sealer.open(b"mh2", Sealed(second_dek, bytes(again))) == b"second"
    assert bytes(view[: len(again)]) == bytes(again)
    assert sealer.open(b"mh2", Sealed(first_dek, first)) is None
