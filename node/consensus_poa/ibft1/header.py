"""extraData of IBFT 1 headers, their seals, and the form in which they are kept.

extraData is vanity 32 || rlp([validators, proposerSeal, committedSeals]).  The block hash covers
it with no committed seals, the seal hash also without the proposer's (GoQuorum 4758c16f;
consensus.md section 6).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from node.base import rlp
from node.base.errors import CodecError
from node.base.header import Header
from node.base.keccak import keccak256
from node.base.limits import EXTRA_DATA_BYTES_MAX, VALIDATORS_COUNT_MAX
from node.base.ports import Signer, Verifier
from node.base.types import Address, Hash32
from node.consensus_poa.extra_data import ADDRESS_BYTES, SEAL_BYTES, VANITY_BYTES

MIX_HASH: Final = Hash32(
    bytes.fromhex("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365")
)
"""Every IBFT header's mixHash, genesis included: "ctical byzantine fault tolerance"."""
DIFFICULTY: Final = 1
_COMMIT_CODE: Final = b"\x02"
_CACHED_COUNT_MAX: Final = 128
"""Results of pure functions that are kept; errors are not."""


@dataclass(frozen=True, slots=True)
class IstanbulExtra:
    """What extraData says."""

    vanity: bytes
    validators: tuple[Address, ...]
    """In the order of the header; genesis need not list them ascending."""
    proposer_seal: bytes = b""
    """65 bytes, or none: genesis, and a header that waits for its seal."""
    committed_seals: tuple[bytes, ...] = ()

    def encode(self) -> bytes:
        """Give the bytes."""
        parts: list[rlp.Item] = [self.validators, self.proposer_seal, self.committed_seals]
        return self.vanity + rlp.encode(parts)

    @staticmethod
    def decode(data: bytes) -> "IstanbulExtra":
        """Read extraData.

        raises        CodecError: too short or long, not canonical, wrong items or sizes.
        """
        return _decode_extra(data)


# a header is looked at a dozen times by each node of a process, and a set of 100 is 2 KiB of RLP
@lru_cache(_CACHED_COUNT_MAX)
def _decode_extra(data: bytes) -> IstanbulExtra:
    if len(data) > EXTRA_DATA_BYTES_MAX:
        raise _error(f"{len(data)} bytes, at most {EXTRA_DATA_BYTES_MAX}")
    if len(data) < VANITY_BYTES:
        raise _error(f"{len(data)} bytes, wants a vanity of {VANITY_BYTES}")
    items = rlp.decode(data[VANITY_BYTES:])
    if isinstance(items, bytes) or len(items) != 3:
        raise _error("wants a list of validators, proposerSeal, committedSeals")
    seal = items[1]
    if not isinstance(seal, bytes) or len(seal) not in (0, SEAL_BYTES):
        raise _error(f"proposerSeal wants {SEAL_BYTES} bytes, or none")
    validators = _strings(items[0], ADDRESS_BYTES, "validators")
    return IstanbulExtra(
        data[:VANITY_BYTES],
        tuple(Address(address) for address in validators),
        seal,
        _strings(items[2], SEAL_BYTES, "committedSeals"),
    )


def genesis_extra(validators: Sequence[Address]) -> bytes:
    """Give extraData of a genesis header with these validators, ascending."""
    return IstanbulExtra(bytes(VANITY_BYTES), tuple(sorted(validators))).encode()


@lru_cache(_CACHED_COUNT_MAX)
def seal_hash(header: Header) -> Hash32:
    """Give the digest over the header without either kind of seal.

    raises        CodecError: extraData is not IBFT's.
    """
    extra = IstanbulExtra.decode(header.extra_data)
    bare = replace(extra, proposer_seal=b"", committed_seals=())
    return replace(header, extra_data=bare.encode()).hash()


def seal_header(header: Header, signer: Signer) -> Header:
    """Give the header with the proposer's seal, which signs the hash of the seal hash."""
    seal = signer.sign(keccak256(seal_hash(header)))
    extra = IstanbulExtra.decode(header.extra_data)
    return replace(header, extra_data=replace(extra, proposer_seal=seal).encode())


def recover_proposer(header: Header, verifier: Verifier) -> Address | None:
    """Give who sealed the header as its proposer; None: no seal, or none that can stand."""
    try:
        extra = IstanbulExtra.decode(header.extra_data)
    except CodecError:
        return None
    if not extra.proposer_seal:
        return None
    return verifier.recover(keccak256(seal_hash(header)), extra.proposer_seal)


def commit_digest(block_hash: Hash32) -> Hash32:
    """Give what a committed seal signs: the hash of block hash and code 2."""
    return keccak256(block_hash + _COMMIT_CODE)


def recover_committers(header: Header, verifier: Verifier) -> tuple[Address | None, ...]:
    """Give who made the committed seals of a header as it travels, in their order.

    raises        CodecError: extraData is not IBFT's.
    """
    canonical, certificate = Ibft1HeaderForm().split(header)
    digest = commit_digest(canonical.hash())
    return tuple(verifier.recover(digest, seal) for seal in decode_certificate(certificate))


def encode_certificate(seals: Sequence[bytes]) -> bytes:
    """Give the certificate that stands beside a canonical header."""
    return rlp.encode(list(seals))


def decode_certificate(certificate: bytes | None) -> tuple[bytes, ...]:
    """Read committed seals; None gives none.

    raises        CodecError: no list of seals of 65 bytes.
    """
    if certificate is None:
        return ()
    return _strings(rlp.decode(certificate), SEAL_BYTES, "committedSeals")


class Ibft1HeaderForm:
    """Parts committed seals from headers and joins them (the interface's ``HeaderForm``)."""

    def split(self, header: Header) -> tuple[Header, bytes | None]:
        """Part a header as it travels into the canonical one and its certificate.

        raises        CodecError: extraData is not IBFT's.
        """
        extra = IstanbulExtra.decode(header.extra_data)
        if not extra.committed_seals:
            return header, None
        bare = replace(extra, committed_seals=())
        canonical = replace(header, extra_data=bare.encode())
        return canonical, encode_certificate(extra.committed_seals)

    def join(self, header: Header, certificate: bytes | None) -> Header:
        """Give the header as it travels; None and genesis come back as they are.

        raises        CodecError: the certificate cannot be read.
        """
        seals = decode_certificate(certificate)
        if header.number == 0 or not seals:
            return header
        extra = IstanbulExtra.decode(header.extra_data)
        return replace(header, extra_data=replace(extra, committed_seals=seals).encode())


def _strings(item: rlp.Decoded, size: int, name: str) -> tuple[bytes, ...]:
    if isinstance(item, bytes) or len(item) > VALIDATORS_COUNT_MAX:
        raise _error(f"{name} wants a list of at most {VALIDATORS_COUNT_MAX}")
    found: list[bytes] = []
    for part in item:
        if not isinstance(part, bytes) or len(part) != size:
            raise _error(f"{name} wants items of {size} bytes")
        found.append(part)
    return tuple(found)


def _error(what: str) -> CodecError:
    return CodecError("ibft1 extraData", what)
