"""Seeded inputs of the precompiled contracts, with the edges of each."""

import hashlib
import random

from node.base.keys import SECP256K1_N, PrivateKey
from node.base.types import Address

BN_P = 21888242871839275222246405745257275088696311157297823662689037894645226208583
BN_N = 21888242871839275222246405745257275088548364400416034343698204186575808495617
BLS_N = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
INFINITY = b"\xc0" + bytes(47)
"""The point at infinity of BLS12-381: the commitment to the polynomial 0, and its proofs."""
_G2 = bytes.fromhex(
    "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
    "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
    "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"
    "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa"
)
"""The generator of the second group, as EIP-197 orders its coordinates."""
_SIGNER = PrivateKey.from_bytes(b"\x21" * 32)


def precompile_input(rng: random.Random, *, cancun: bool) -> tuple[Address, bytes]:
    """Give a precompiled contract and call data for it."""
    numbers = (1, 2, 3, 4, 5, 6, 7, 9, *((10,) if cancun else ())) * 8 + (8,)
    number = rng.choice(numbers)  # pairings are rare: each takes py-evm most of a second
    data = _MAKERS[number](rng)
    change = rng.random()
    if change < 0.1:
        data = data[: rng.randrange(len(data) + 1)]
    elif change < 0.2:
        data += rng.randbytes(rng.randrange(40))
    elif change < 0.3 and data:
        at = rng.randrange(len(data))
        data = data[:at] + rng.randbytes(1) + data[at + 1 :]
    return Address(number.to_bytes(20)), data


def _word(value: int) -> bytes:
    return (value % 2**256).to_bytes(32)


def _recover(rng: random.Random) -> bytes:
    digest = rng.randbytes(32)
    signature = _SIGNER.sign(digest)
    r, s, parity = signature[:32], int.from_bytes(signature[32:64]), signature[64]
    if rng.random() < 0.3:
        s, parity = SECP256K1_N - s, 1 - parity  # high, which is valid here
    v = rng.choice((27 + parity, 27 + parity, 28 - parity, 0, 29, 2**255 + 27))
    if rng.random() < 0.2:
        r = rng.choice((bytes(32), _word(SECP256K1_N), _word(SECP256K1_N - 1), _word(5)))
    if rng.random() < 0.2:
        s = rng.choice((0, SECP256K1_N, SECP256K1_N - 1, 2**256 - 1))
    return digest + _word(v) + r + _word(s)


def _bytes(rng: random.Random) -> bytes:
    return rng.randbytes(rng.choice((0, 1, 31, 32, 33, 64, 65, 200)))


def _modexp(rng: random.Random) -> bytes:
    sizes = [rng.choice((0, 1, 2, 31, 32, 33, 64, 65)) for _ in range(3)]
    body = b"".join(rng.randbytes(size) for size in sizes)
    if rng.random() < 0.3:
        modulus = rng.choice((0, 1, 2, 2**200)) % 256 ** sizes[2]
        body = body[: sizes[0] + sizes[1]] + modulus.to_bytes(sizes[2])
    if rng.random() < 0.3:
        sizes[rng.randrange(3)] = rng.choice((1_025, 2**32, 2**64 - 1, 2**64, 2**255, 2**256 - 1))
    return b"".join(map(_word, sizes)) + body


def _point(rng: random.Random) -> bytes:
    return rng.choice(
        (
            _word(1) + _word(2),
            _word(1) + _word(BN_P - 2),
            bytes(64),
            _word(1) + _word(3),
            _word(BN_P) + _word(0),
            _word(BN_P + 1) + _word(2),
            rng.randbytes(64),
        )
    )


def _add(rng: random.Random) -> bytes:
    return _point(rng) + _point(rng)


def _multiply(rng: random.Random) -> bytes:
    factor = rng.choice((0, 1, 2, 9, BN_N - 1, BN_N, BN_P, 2**256 - 1, rng.getrandbits(256)))
    return _point(rng) + _word(factor)


def _pair(rng: random.Random) -> bytes:
    one = _word(1) + _word(2)
    minus = _word(1) + _word(BN_P - 2)
    return rng.choice(
        (
            b"",
            one + bytes(128),
            bytes(64) + _G2,
            one + _G2 + minus + _G2,
            one + _G2,
            one + _G2[:-1],
            _point(rng) + _G2,
            one + _G2[32:64] + _G2[:32] + _G2[64:],
            rng.randbytes(192),
        )
    )


def _blake(rng: random.Random) -> bytes:
    rounds = rng.choice((0, 1, 10, 12, 300, 2**32 - 1))
    flag = rng.choice((0, 1, 1, 2, 255))
    return rounds.to_bytes(4) + rng.randbytes(64 + 128 + 16) + bytes((flag,))


def _evaluate(rng: random.Random) -> bytes:
    digest = hashlib.sha256(INFINITY).digest()
    version = rng.choice((1, 1, 1, 0, 2))
    z = rng.choice((0, 5, BLS_N - 1, BLS_N, rng.randrange(BLS_N)))
    y = rng.choice((0, 0, 0, 1, BLS_N))
    proof = rng.choice((INFINITY, INFINITY, INFINITY, bytes(48), rng.randbytes(48)))
    return bytes((version,)) + digest[1:] + _word(z) + _word(y) + INFINITY + proof


_MAKERS = {
    1: _recover,
    2: _bytes,
    3: _bytes,
    4: _bytes,
    5: _modexp,
    6: _add,
    7: _multiply,
    8: _pair,
    9: _blake,
    10: _evaluate,
}
