"""HPKE base mode with an ephemeral key that a seed can repeat (RFC 9180).

Suite: X25519, HKDF-SHA256, AES-256-GCM.  The library's own HPKE draws inside OpenSSL, so its
output could never stand in a simulated store or trace; this one takes 32 bytes from the
``Entropy`` port and opens with the library's (and the reverse).  All binding goes into ``info``:
the single-shot form has no associated data.  The sender is anonymous by design.
"""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from node.base.ports import Entropy
from node.privacy.release_errors import SealedBoxError, SealingKeyError

KEY_BYTES: Final = 32
ENC_BYTES: Final = 32
TAG_BYTES: Final = 16
OVERHEAD_BYTES: Final = ENC_BYTES + TAG_BYTES

_KEM: Final = b"KEM" + (0x0020).to_bytes(2)
_KDF_ID: Final = 0x0001
_AES_256_GCM: Final = 0x0002
_MODE_BASE: Final = b"\x00"


def derive_private_key(ikm: bytes) -> bytes:
    """Give the X25519 private key of 32 or more secret bytes: DeriveKeyPair, section 7.1.3."""
    return _expand(_extract(_KEM, b"", b"dkp_prk", ikm), _KEM, b"sk", b"", KEY_BYTES)


def public_key_of(private_key: bytes) -> bytes:
    """Give the 32-byte public key of a 32-byte private key."""
    return X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def seal(public_key: bytes, info: bytes, plaintext: bytes, entropy: Entropy) -> bytes:
    """Encrypt to the holder of a key: enc 32, ciphertext, tag 16.

    ``info``      what the message is for; the receiver gives the same bytes.
    raises        SealingKeyError: not 32 bytes, or a point of low order.
    """
    ephemeral = derive_private_key(entropy.take(KEY_BYTES))
    enc = public_key_of(ephemeral)
    try:
        shared = _shared_secret(ephemeral, public_key, enc + public_key)
    except ValueError as error:
        raise SealingKeyError(str(error)) from error
    key, nonce = _key_schedule(shared, info)
    return enc + AESGCM(key).encrypt(nonce, plaintext, b"")


def open_sealed(private_key: bytes, info: bytes, sealed: bytes) -> bytes:
    """Decrypt what was sealed to this key for this purpose.

    raises        SealedBoxError: too short, another key or ``info``, changed bytes.
    """
    if len(sealed) < OVERHEAD_BYTES:
        raise SealedBoxError(f"{len(sealed)} bytes, at least {OVERHEAD_BYTES}")
    enc = sealed[:ENC_BYTES]
    try:
        shared = _shared_secret(private_key, enc, enc + public_key_of(private_key))
        key, nonce = _key_schedule(shared, info)
        return AESGCM(key).decrypt(nonce, sealed[ENC_BYTES:], b"")
    except InvalidTag as error:
        raise SealedBoxError("another key, another purpose, or changed bytes") from error
    except ValueError as error:
        raise SealedBoxError(str(error)) from error


def _shared_secret(private_key: bytes, public_key: bytes, kem_context: bytes) -> bytes:
    """Encap and Decap of section 4.1; a ValueError from below means a point of low order."""
    point = X25519PublicKey.from_public_bytes(public_key)
    product = X25519PrivateKey.from_private_bytes(private_key).exchange(point)
    secret = _extract(_KEM, b"", b"eae_prk", product)
    return _expand(secret, _KEM, b"shared_secret", kem_context, KEY_BYTES)


def _key_schedule(
    shared: bytes, info: bytes, *, aead: int = _AES_256_GCM, key_bytes: int = KEY_BYTES
) -> tuple[bytes, bytes]:
    """Give key and nonce of the first message (section 5.1).

    The AEAD is an argument because the published vectors with X25519 have other ones.
    """
    suite = b"HPKE" + _KEM[3:] + _KDF_ID.to_bytes(2) + aead.to_bytes(2)
    context = (
        _MODE_BASE
        + _extract(suite, b"", b"psk_id_hash", b"")
        + _extract(suite, b"", b"info_hash", info)
    )
    secret = _extract(suite, shared, b"secret", b"")
    key = _expand(secret, suite, b"key", context, key_bytes)
    return key, _expand(secret, suite, b"base_nonce", context, 12)


def _extract(suite: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
    return HKDF.extract(SHA256(), salt, b"HPKE-v1" + suite + label + ikm)


def _expand(secret: bytes, suite: bytes, label: bytes, info: bytes, length: int) -> bytes:
    labelled = length.to_bytes(2) + b"HPKE-v1" + suite + label + info
    return HKDFExpand(algorithm=SHA256(), length=length, info=labelled).derive(secret)
