"""IBFT 2.0 headers of existing chains: extraData, hashes, seals and votes; there is no engine.

extraData is rlp([vanity 32, [validators], vote, round, [seals]]) as in QBFT, but for this: no
vote is an empty string, a vote to drop the byte 0, and the round always has four bytes.  What a
hash leaves out is absent, not empty: the commit seals sign a header whose list has four items
(no seals), the block hash is over three (no round either).  Source: Besu 3fd224e2,
IbftExtraDataCodec and the ibft headervalidationrules; consensus.md section 7.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Self

from node.base import rlp
from node.base.errors import CodecError
from node.base.header import Header
from node.base.keccak import keccak256
from node.base.limits import EXTRA_DATA_BYTES_MAX, VALIDATORS_COUNT_MAX
from node.base.ports import Verifier
from node.base.types import EMPTY_OMMERS_HASH, Address, Hash32
from node.consensus_poa.extra_data import ADDRESS_BYTES, SEAL_BYTES, VANITY_BYTES
from node.consensus_poa.quorum import quorum

MIX_HASH: Final = Hash32(
    bytes.fromhex("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365")
)
_NONCE: Final = bytes(8)
_ADD: Final = b"\xff"
_DROP: Final = b"\x00"
_ROUND_BYTES: Final = 4
_ITEMS_SIGNED: Final = 4
_ITEMS_HASHED: Final = 3


@dataclass(frozen=True, slots=True)
class Ibft2Vote:
    """A vote of a header's proposer."""

    recipient: Address
    add: bool


@dataclass(frozen=True, slots=True)
class Ibft2Extra:
    """What extraData says."""

    vanity: bytes
    validators: tuple[Address, ...]
    vote: Ibft2Vote | None
    round: int
    seals: tuple[bytes, ...]

    def encode(self, items_max: int = 5) -> bytes:
        """Give the bytes, of the first ``items_max`` items alone."""
        vote = self.vote
        items: list[rlp.Item] = [
            self.vanity,
            self.validators,
            b"" if vote is None else [vote.recipient, _ADD if vote.add else _DROP],
            self.round.to_bytes(_ROUND_BYTES),
            self.seals,
        ]
        return rlp.encode(items[:items_max])

    def encode_kept(self) -> bytes:
        """Give extraData of the header that is kept: what the block hash covers."""
        return self.encode(_ITEMS_HASHED)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read extraData.

        raises        CodecError: too long, not canonical, wrong items or sizes.
        """
        if len(data) > EXTRA_DATA_BYTES_MAX:
            raise _error(f"{len(data)} bytes, at most {EXTRA_DATA_BYTES_MAX}")
        items = rlp.decode(data)
        if isinstance(items, bytes) or len(items) != 5:
            raise _error("wants a list of vanity, validators, vote, round, seals")
        validators = _strings(items[1], ADDRESS_BYTES, "validators")
        return cls(
            _fixed(items[0], VANITY_BYTES, "vanity"),
            tuple(Address(address) for address in validators),
            _read_vote(items[2]),
            int.from_bytes(_fixed(items[3], _ROUND_BYTES, "round")),
            _strings(items[4], SEAL_BYTES, "seals"),
        )


def block_hash(header: Header) -> Hash32:
    """Give the hash by which a child names the header.

    raises        CodecError: extraData is not IBFT 2.0's.
    """
    return _hash_of(header, _ITEMS_HASHED)


def commit_seal_hash(header: Header) -> Hash32:
    """Give the digest that the commit seals sign; errors as ``block_hash``."""
    return _hash_of(header, _ITEMS_SIGNED)


def recover_committers(header: Header, verifier: Verifier) -> tuple[Address | None, ...]:
    """Give who made the seals, in their order; errors as ``block_hash``."""
    digest = commit_seal_hash(header)
    seals = Ibft2Extra.decode(header.extra_data).seals
    return tuple(verifier.recover(digest, seal) for seal in seals)


class Ibft2Form:
    """Parts and joins headers of IBFT 2.0: the ``HeaderForm`` of such chains, genesis included.

    Kept is extraData of three items, whose plain hash is the block's; the certificate holds the
    other two, rlp([round, [seals]]).
    """

    def split(self, header: Header) -> tuple[Header, bytes | None]:
        """Part a header as it travels; round 0 without seals leaves no certificate.

        raises        CodecError: extraData is not IBFT 2.0's.
        """
        extra = Ibft2Extra.decode(header.extra_data)
        kept = replace(header, extra_data=extra.encode_kept())
        if extra.round == 0 and not extra.seals:
            return kept, None
        return kept, rlp.encode([extra.round.to_bytes(_ROUND_BYTES), extra.seals])

    def join(self, header: Header, certificate: bytes | None) -> Header:
        """Give the header as it travels.

        raises        CodecError: extraData is no kept one, or the certificate cannot be read.
        """
        kept = rlp.decode(header.extra_data)
        found = [bytes(_ROUND_BYTES), []] if certificate is None else rlp.decode(certificate)
        if isinstance(kept, bytes) or len(kept) != _ITEMS_HASHED:
            raise _error("wants a list of vanity, validators, vote")
        if isinstance(found, bytes) or len(found) != 2:
            raise _error("a certificate wants a list of round and seals")
        whole = rlp.encode([*kept, *found])
        Ibft2Extra.decode(whole)
        return replace(header, extra_data=whole)


def verify_header(
    header: Header,
    parent: Header,
    validators: tuple[Address, ...],
    verifier: Verifier,
    *,
    period: int = 1,
) -> str | None:
    """Give the first rule of consensus that a header breaks, or None.

    ``validators``  the set after the parent, ascending (``Ibft2Votes.validators``).
    ``period``      seconds between a block and its parent, at least.
    Gas and base fee are the ledger's business, as for every chain that is only read.
    """
    try:
        extra, parent_hash = Ibft2Extra.decode(header.extra_data), block_hash(parent)
    except CodecError:
        return "invalid_extra_data"
    return (
        _check_constants(header)
        or _check_place(header, parent, parent_hash, period)
        or _check_seals(header, extra, validators, verifier)
    )


def _check_constants(header: Header) -> str | None:
    if header.mix_hash != MIX_HASH:
        return "invalid_mix_digest"
    if header.nonce != _NONCE:
        return "invalid_nonce"
    if header.ommers_hash != EMPTY_OMMERS_HASH:
        return "invalid_uncle_hash"
    return None if header.difficulty == 1 else "invalid_difficulty"


def _check_place(header: Header, parent: Header, parent_hash: Hash32, period: int) -> str | None:
    if header.number != parent.number + 1 or header.parent_hash != parent_hash:
        return "unknown_ancestor"
    return "invalid_timestamp" if header.timestamp < parent.timestamp + period else None


def _check_seals(
    header: Header, extra: Ibft2Extra, validators: tuple[Address, ...], verifier: Verifier
) -> str | None:
    """The coinbase is the proposer's; the seals are those of a quorum, none twice."""
    members = frozenset(validators)
    if extra.validators != validators:
        return "mismatching_validators"
    if header.coinbase not in members:
        return "unauthorized_proposer"
    committers = recover_committers(header, verifier)
    if len(set(committers)) != len(committers):
        return "duplicate_committed_seal"
    if any(committer not in members for committer in committers):
        return "invalid_committed_seal"
    return None if len(committers) >= quorum(len(validators)) else "too_few_committed_seals"


@dataclass(frozen=True, slots=True)
class Ibft2Votes:
    """The set after a block, and the votes that stand (Besu's VoteTally).

    A voter's newest vote on a subject counts, pointless ones too; floor(N/2) + 1 pass.
    """

    validators: tuple[Address, ...]
    """Ascending."""
    adds: frozenset[tuple[Address, Address]] = frozenset()
    """Subject and voter."""
    drops: frozenset[tuple[Address, Address]] = frozenset()

    def after(self, header: Header, epoch: int) -> "Ibft2Votes":
        """Give the state after a valid child; an epoch block ends all votes and casts none.

        raises        CodecError: extraData is not IBFT 2.0's.
        """
        vote = Ibft2Extra.decode(header.extra_data).vote
        if header.number % epoch == 0:
            return Ibft2Votes(self.validators)
        if vote is None:
            return self
        ballot = {(vote.recipient, header.coinbase)}
        adds = self.adds | ballot if vote.add else self.adds - ballot
        drops = self.drops - ballot if vote.add else self.drops | ballot
        for add, table in ((True, adds), (False, drops)):
            # both: after a shrink the old votes of the other direction may be enough
            if sum(subject == vote.recipient for subject, _ in table) > len(self.validators) // 2:
                return _enact(self.validators, Ibft2Vote(vote.recipient, add), adds, drops)
        return Ibft2Votes(self.validators, adds, drops)


def _enact(
    validators: tuple[Address, ...],
    vote: Ibft2Vote,
    adds: frozenset[tuple[Address, Address]],
    drops: frozenset[tuple[Address, Address]],
) -> Ibft2Votes:
    """Votes about the subject end, and those of one who leaves."""
    subject = {vote.recipient}
    members = {*validators} | subject if vote.add else {*validators} - subject

    def stays(ballot: tuple[Address, Address]) -> bool:
        about, voter = ballot
        return about != vote.recipient and (vote.add or voter != vote.recipient)

    return Ibft2Votes(
        tuple(sorted(members)), frozenset(filter(stays, adds)), frozenset(filter(stays, drops))
    )


def genesis_votes(genesis: Header) -> Ibft2Votes:
    """Give the set that genesis lists; errors as ``block_hash``."""
    return Ibft2Votes(tuple(sorted(Ibft2Extra.decode(genesis.extra_data).validators)))


def verify_chain(
    genesis: Header, headers: Iterable[Header], verifier: Verifier, *, epoch: int, period: int = 1
) -> tuple[int, str] | None:
    """Give number and broken rule of the first header that cannot stand, or None.

    raises        CodecError: the extraData of genesis is not IBFT 2.0's.
    """
    parent, votes = genesis, genesis_votes(genesis)
    for header in headers:
        error = verify_header(header, parent, votes.validators, verifier, period=period)
        if error is not None:
            return header.number, error
        parent, votes = header, votes.after(header, epoch)
    return None


def _hash_of(header: Header, items_max: int) -> Hash32:
    extra = Ibft2Extra.decode(header.extra_data)
    return keccak256(replace(header, extra_data=extra.encode(items_max)).encode())


def _read_vote(item: rlp.Decoded) -> Ibft2Vote | None:
    if item == b"":
        return None
    if isinstance(item, bytes) or len(item) != 2 or item[1] not in (_ADD, _DROP):
        raise _error("a vote wants recipient and 0xff or 0x00, or is the empty string")
    return Ibft2Vote(Address(_fixed(item[0], ADDRESS_BYTES, "recipient")), item[1] == _ADD)


def _strings(item: rlp.Decoded, size: int, name: str) -> tuple[bytes, ...]:
    if isinstance(item, bytes) or len(item) > VALIDATORS_COUNT_MAX:
        raise _error(f"{name} wants a list of at most {VALIDATORS_COUNT_MAX}")
    return tuple(_fixed(part, size, name) for part in item)


def _fixed(item: rlp.Decoded, size: int, name: str) -> bytes:
    if not isinstance(item, bytes) or len(item) != size:
        raise _error(f"{name} wants {size} bytes")
    return item


def _error(what: str) -> CodecError:
    return CodecError("ibft2 extraData", what)
