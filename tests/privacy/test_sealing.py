import pytest
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.rng import TreeEntropy
from node.privacy import sealing
from node.privacy.release_errors import SealedBoxError, SealingKeyError
from node.privacy.sealing import derive_private_key, open_sealed, public_key_of, seal
from tests.sss.deals import FixedEntropy, cases, unhex

JUDGE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
PRIVATE = derive_private_key(b"receiver" * 4)
PUBLIC = public_key_of(PRIVATE)
INFO = b"a purpose"

# RFC 9180, appendix A.1.1: X25519, HKDF-SHA256, AES-128-GCM.  No published suite is ours; KEM and
# key schedule are the same but for the identifier and the length of the key.
A1 = {
    "ikm_e": "7268600d403fce431561aef583ee1613527cff655c1343f29812e66706df3234",
    "sk_e": "52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736",
    "pk_e": "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431",
    "sk_r": "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8",
    "pk_r": "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d",
    "shared": "fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc",
    "info": "4f6465206f6e2061204772656369616e2055726e",
    "key": "4531685d41d65f03dc48f6b8302c05b0",
    "nonce": "56d890e5accaaf011cff4b7d",
    "aead": 1,
}
# appendix A.2.1: X25519, HKDF-SHA256, ChaCha20Poly1305
A2 = {
    "ikm_e": "909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b",
    "sk_e": "f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600",
    "pk_e": "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a",
    "sk_r": "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb",
    "pk_r": "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a",
    "shared": "0bbe78490412b4bbea4812666f7916932b828bba79942424abb65244930d69a7",
    "info": "4f6465206f6e2061204772656369616e2055726e",
    "key": "ad2744de8e17f4ebba575b3f5f5a8fa1f69c2a07f6e7500bc60ca6e3e3ec1c91",
    "nonce": "5c4d98150661b848853b547f",
    "aead": 3,
}


@pytest.mark.parametrize("case", [A1, A2])
def test_keys_derive_as_in_the_rfc(case):
    private = derive_private_key(unhex(case["ikm_e"]))
    assert private.hex() == case["sk_e"]
    assert public_key_of(private).hex() == case["pk_e"]


@pytest.mark.parametrize("case", [A1, A2])
def test_both_sides_agree_on_the_shared_secret_of_the_rfc(case):
    context = unhex(case["pk_e"]) + unhex(case["pk_r"])
    for private, public in (("sk_e", "pk_r"), ("sk_r", "pk_e")):
        shared = sealing._shared_secret(unhex(case[private]), unhex(case[public]), context)
        assert shared.hex() == case["shared"]


@pytest.mark.parametrize("case", [A1, A2])
def test_the_key_schedule_equals_the_rfc(case):
    key, nonce = sealing._key_schedule(
        unhex(case["shared"]),
        unhex(case["info"]),
        aead=case["aead"],
        key_bytes=len(unhex(case["key"])),
    )
    assert (key.hex(), nonce.hex()) == (case["key"], case["nonce"])


@given(st.binary(max_size=80), st.binary(max_size=400), st.integers(0, 1000))
@settings(max_examples=50, deadline=None)
def test_the_library_opens_what_is_sealed_here(info, plaintext, seed):
    sealed = seal(PUBLIC, info, plaintext, TreeEntropy(seed))
    key = X25519PrivateKey.from_private_bytes(PRIVATE)
    assert JUDGE.decrypt(sealed, key, info) == plaintext


@given(st.binary(max_size=80), st.binary(max_size=400))
@settings(max_examples=50, deadline=None)
def test_what_the_library_seals_opens_here(info, plaintext):
    sealed = JUDGE.encrypt(plaintext, X25519PublicKey.from_public_bytes(PUBLIC), info)
    assert open_sealed(PRIVATE, info, sealed) == plaintext


@pytest.mark.conformance
def test_sealed_answers_of_the_vectors_open():
    released = [case for case in cases("release") if case["sealed"]]
    assert released
    for case in released:
        private = unhex(case["receiver_private"])
        assert public_key_of(private).hex() == case["receiver_public"]
        opened = open_sealed(private, unhex(case["hpke_info"]), unhex(case["sealed"]))
        assert opened.hex() == case["released"]


def test_32_bytes_seal_to_80():
    assert len(seal(PUBLIC, INFO, bytes(32), TreeEntropy(1))) == 80


def test_equal_entropy_gives_equal_bytes():
    first, second = (seal(PUBLIC, INFO, b"x", FixedEntropy(b"e" * 32)) for _ in range(2))
    assert first == second


def test_another_draw_gives_other_bytes():
    entropy = TreeEntropy(1)
    assert seal(PUBLIC, INFO, b"x", entropy) != seal(PUBLIC, INFO, b"x", entropy)


def test_another_info_does_not_open():
    with pytest.raises(SealedBoxError, match="another purpose"):
        open_sealed(PRIVATE, b"other", seal(PUBLIC, INFO, b"x", TreeEntropy(1)))


def test_another_key_does_not_open():
    with pytest.raises(SealedBoxError):
        open_sealed(bytes(31) + b"\x01", INFO, seal(PUBLIC, INFO, b"x", TreeEntropy(1)))


@given(st.integers(0, 79), st.integers(1, 255))
@settings(max_examples=50, deadline=None)
def test_any_flipped_byte_does_not_open(at, flip):
    sealed = bytearray(seal(PUBLIC, INFO, bytes(32), TreeEntropy(1)))
    sealed[at] ^= flip
    # X25519 masks the highest bit of a point, but the encapsulation enters the key as bytes
    with pytest.raises(SealedBoxError):
        open_sealed(PRIVATE, INFO, bytes(sealed))


@pytest.mark.parametrize("length", [0, 47])
def test_a_blob_without_room_for_key_and_tag_does_not_open(length):
    with pytest.raises(SealedBoxError, match="at least 48"):
        open_sealed(PRIVATE, INFO, bytes(length))


def test_an_empty_message_has_only_the_overhead():
    sealed = seal(PUBLIC, INFO, b"", TreeEntropy(1))
    assert len(sealed) == 48
    assert open_sealed(PRIVATE, INFO, sealed) == b""


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33), bytes(32)])
def test_keys_of_another_length_or_of_low_order_are_refused(key):
    with pytest.raises(SealingKeyError):
        seal(key, INFO, b"x", TreeEntropy(1))


def test_an_encapsulation_of_low_order_does_not_open():
    with pytest.raises(SealedBoxError):
        open_sealed(PRIVATE, INFO, bytes(80))
