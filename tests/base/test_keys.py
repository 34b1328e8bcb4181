"""Keys and signatures; eth-keys in pure Python is the judge."""

import pytest
from eth_keys import KeyAPI
from eth_keys.backends import NativeECCBackend
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.keccak import keccak256
from node.base.keys import SECP256K1_N, MemoVerifier, PrivateKey, address_of, recover
from node.base.types import Hash32

JUDGE = KeyAPI(NativeECCBackend())
SECRETS = st.integers(min_value=1, max_value=SECP256K1_N - 1).map(lambda n: n.to_bytes(32))
KEY = PrivateKey.from_bytes(bytes(31) + b"\x01")
DIGEST = keccak256(b"a record")
SIGNATURE = KEY.sign(DIGEST)


def with_scalars(r: int, s: int, v: int) -> bytes:
    """Give the bytes of a signature."""
    return r.to_bytes(32) + s.to_bytes(32) + bytes((v,))


@settings(max_examples=20)
@given(SECRETS)
def test_address_is_the_one_eth_keys_derives(secret: bytes) -> None:
    judged = JUDGE.PrivateKey(secret).public_key.to_canonical_address()
    assert PrivateKey.from_bytes(secret).address == judged


@settings(max_examples=20)
@given(SECRETS, st.binary(min_size=32, max_size=32))
def test_signature_equals_that_of_eth_keys(secret: bytes, digest: bytes) -> None:
    judged = JUDGE.PrivateKey(secret).sign_msg_hash(digest).to_bytes()
    assert PrivateKey.from_bytes(secret).sign(Hash32(digest)) == judged


@given(SECRETS, st.binary(min_size=32, max_size=32))
def test_signer_is_recovered(secret: bytes, digest: bytes) -> None:
    key = PrivateKey.from_bytes(secret)
    assert recover(Hash32(digest), key.sign(Hash32(digest))) == key.address


@pytest.mark.parametrize("secret", [1, SECP256K1_N - 1])
def test_smallest_and_largest_secret_are_keys(secret: int) -> None:
    assert len(PrivateKey.from_bytes(secret.to_bytes(32)).address) == 20


@pytest.mark.parametrize(
    "secret", [b"", bytes(32), SECP256K1_N.to_bytes(32), b"\xff" * 32, b"\x01" * 31, b"\x01" * 33]
)
def test_bytes_that_are_no_secret_are_refused(secret: bytes) -> None:
    with pytest.raises(ValueError, match="between 1 and n-1"):
        PrivateKey.from_bytes(secret)


def test_address_of_a_public_key_is_that_of_its_private_key() -> None:
    assert address_of(KEY.public_key) == KEY.address


def test_address_of_secret_one_is_the_published_one() -> None:
    assert KEY.address.hex() == "7e5f4552091a69125d5dfcb7b8c2659029395bdf"


def test_repr_shows_the_address_and_no_secret() -> None:
    assert repr(KEY) == "PrivateKey(address=0x7e5f4552091a69125d5dfcb7b8c2659029395bdf)"


def test_other_digest_gives_another_signer() -> None:
    assert recover(keccak256(b"another record"), SIGNATURE) != KEY.address


def test_mirrored_signature_with_high_s_is_refused() -> None:
    """It recovers to the same key by the curve's rules, which is why it must not stand."""
    r, s = int.from_bytes(SIGNATURE[:32]), int.from_bytes(SIGNATURE[32:64])
    mirrored = with_scalars(r, SECP256K1_N - s, 1 - SIGNATURE[64])
    judged = JUDGE.Signature(mirrored).recover_public_key_from_msg_hash(DIGEST)
    assert judged.to_canonical_address() == KEY.address
    assert recover(DIGEST, mirrored) is None


@pytest.mark.parametrize("size", [0, 64, 66])
def test_signature_of_another_size_is_refused(size: int) -> None:
    assert recover(DIGEST, (SIGNATURE + b"\0")[:size]) is None


@pytest.mark.parametrize("v", [2, 3, 27, 28, 255])
def test_recovery_id_other_than_0_and_1_is_refused(v: int) -> None:
    assert recover(DIGEST, SIGNATURE[:64] + bytes((v,))) is None


@pytest.mark.parametrize(
    ("r", "s"),
    [(0, 1), (1, 0), (SECP256K1_N, 1), (1, SECP256K1_N // 2 + 1), (1, SECP256K1_N), (5, 1)],
)
def test_scalars_outside_their_range_or_off_the_curve_are_refused(r: int, s: int) -> None:
    """There is no point with x = 5 on the curve."""
    assert recover(DIGEST, with_scalars(r, s, 0)) is None


def test_largest_low_s_is_accepted() -> None:
    assert recover(DIGEST, with_scalars(1, SECP256K1_N // 2, 0)) is not None


def test_memo_gives_the_same_answers_as_recover() -> None:
    memo = MemoVerifier()
    assert [memo.recover(DIGEST, SIGNATURE) for _ in range(2)] == [KEY.address] * 2


def test_memo_remembers_refusals_too() -> None:
    memo = MemoVerifier()
    assert [memo.recover(DIGEST, bytes(65)) for _ in range(2)] == [None, None]


def test_full_memo_forgets_its_oldest_entry_and_still_answers() -> None:
    memo = MemoVerifier(entries_max=2)
    digests = [keccak256(bytes((n,))) for n in range(4)]
    for digest in digests:
        memo.recover(digest, KEY.sign(digest))
    assert list(memo._known) == [(bytes(d), KEY.sign(d)) for d in digests[2:]]
    assert memo.recover(digests[0], KEY.sign(digests[0])) == KEY.address
