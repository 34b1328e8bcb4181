"""Who may have made and sealed a QBFT or IBFT 1 block (invariants I2, B4 and R1).

Judged from the canonical header, the certificate beside it, and the set after the parent by the
checker's own reading.  Both judges follow every branch that they are shown.
"""

from abc import ABC, abstractmethod
from typing import Final, Protocol

from node.base.errors import CodecError
from node.base.ports import Verifier
from node.base.types import ZERO_ADDRESS, Address, Hash32
from node.sim.checkers.consensus_headers import (
    SEAL_BYTES,
    VANITY_BYTES,
    BlockHeader,
    end_sealer,
    ibft_certificate,
    ibft_committed,
    ibft_extra,
    ibft_proposer,
    qbft_certificate,
    qbft_digest,
    qbft_extra,
    read_header,
)
from node.sim.checkers.consensus_registry import RegistryReader
from node.sim.checkers.consensus_rules import Rules
from node.sim.checkers.consensus_tallies import Tally, emptied, voted

_BFT_MIX: Final = bytes.fromhex("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365")
_ADDRESS_BYTES: Final = 20
_ADD: Final = b"\xff" * 8
_VERDICTS_KEPT: Final = 8_192


class SealJudge(Protocol):
    """Judges headers and knows the set after each of them."""

    def judge(self, header: bytes, certificate: bytes | None = None) -> str | None:
        """Say what is wrong with a header or its certificate, or None."""
        ...

    def learn(self, header: bytes) -> str | None:
        """Judge the header alone, so that the set after it is known."""
        ...

    def after(self, block_hash: Hash32) -> tuple[Address, ...] | None:
        """Give the set that may seal on a block, ascending; None: it was not shown."""
        ...


class OutsideSeals:
    """Of an engine of one's own: whose turn it is nobody here knows, but who may seal at all.

    Such a chain lists its validators in extraData of genesis, and seals at the end of extraData.
    """

    def __init__(self, genesis: bytes, verifier: Verifier) -> None:
        listed = read_header(genesis).extra[VANITY_BYTES:-SEAL_BYTES]
        places = range(0, len(listed), _ADDRESS_BYTES)
        self._members = tuple(sorted(Address(listed[at : at + _ADDRESS_BYTES]) for at in places))
        self._verifier = verifier

    def judge(self, header: bytes, certificate: bytes | None = None) -> str | None:
        """Say whether a header is sealed by none of the validators, or None."""
        del certificate  # everything stands in the header
        return self.learn(header)

    def learn(self, header: bytes) -> str | None:
        """Say whether a header is sealed by none of the validators, or None."""
        try:
            read = read_header(header)
        except CodecError as error:
            return f"a header that cannot be read: {error}"
        sealer = end_sealer(read, self._verifier)
        if sealer is None:
            return f"{read.name}: its seal recovers to nobody"
        if sealer not in self._members:
            return f"{read.name}: sealed by 0x{sealer.hex()}, who is no validator"
        return None

    def after(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Give the set of genesis."""
        del block_hash
        return self._members


class _BftSeals(ABC):
    """What QBFT and IBFT 1 have in common; each fills in how its headers are read."""

    def __init__(self, genesis: bytes, rules: Rules, verifier: Verifier) -> None:
        self._rules = rules
        self._verifier = verifier
        self._genesis = read_header(genesis).hash
        self._numbers: dict[Hash32, int] = {self._genesis: 0}
        self._verdicts: dict[tuple[bytes, bytes | None], str | None] = {}

    def judge(self, header: bytes, certificate: bytes | None = None) -> str | None:
        """Say what is wrong with a header or its certificate, or None; equal pairs once."""
        key = (header, certificate)
        if key not in self._verdicts:
            if len(self._verdicts) >= _VERDICTS_KEPT:
                self._verdicts.pop(next(iter(self._verdicts)))
            self._verdicts[key] = self.learn(header) or self._certified(header, certificate)
        return self._verdicts[key]

    def learn(self, header: bytes) -> str | None:
        """Judge the header alone, so that the set after it is known."""
        try:
            read = read_header(header)
            if read.hash in self._numbers:
                return None
            below = self._numbers.get(read.parent)
            members = self.after(read.parent)
            if below is None or members is None:
                return f"{read.name}: its parent 0x{read.parent.hex()[:8]} was never shown"
            if read.number != below + 1:
                return f"{read.name} stands on block {below}"
            fault = self._header_fault(read, members)
            if fault is not None:
                return f"{read.name}: {fault}"
            self._extend(read)
        except CodecError as error:
            return f"a header that cannot be read: {error}"
        self._numbers[read.hash] = read.number
        return None

    @abstractmethod
    def after(self, block_hash: Hash32) -> tuple[Address, ...] | None:
        """Give the set that may seal on a block, ascending; None: it was not shown."""

    @abstractmethod
    def _header_fault(self, header: BlockHeader, members: tuple[Address, ...]) -> str | None:
        """Say what is wrong with a header whose parent's set is this."""

    @abstractmethod
    def _extend(self, header: BlockHeader) -> None:
        """Follow the branch to a header without fault."""

    @abstractmethod
    def _committers(
        self, header: BlockHeader, certificate: bytes
    ) -> tuple[str, tuple[Address | None, ...]]:
        """Give what to call the certificate, and who signed each seal."""

    def _certified(self, header: bytes, certificate: bytes | None) -> str | None:
        read = read_header(header)
        if read.hash == self._genesis:
            return None
        members = self.after(read.parent)
        assert members is not None  # learn() found it
        if certificate is None:
            return f"{read.name} has no certificate"
        try:
            name, committers = self._committers(read, certificate)
        except CodecError as error:
            return f"{read.name}: its certificate cannot be read: {error}"
        if None in committers:
            return f"{read.name}: a seal {name} recovers to nobody"
        foreign = {who for who in committers if who is not None} - set(members)
        if foreign:
            return f"{read.name}: a seal {name} is of 0x{min(foreign).hex()}, who is no validator"
        if len(set(committers)) != len(committers):
            return f"{read.name}: somebody sealed twice {name}"
        needed = self._rules.quorum_of(len(members))
        if len(committers) < needed:
            return (
                f"{read.name}: {len(committers)} seals {name}, a quorum of "
                f"{len(members)} is {needed}"
            )
        return None


class QbftSeals(_BftSeals):
    """QBFT; with a registry the set is the contract's, else the headers' votes make it."""

    def __init__(
        self,
        genesis: bytes,
        rules: Rules,
        verifier: Verifier,
        registry: RegistryReader | None = None,
    ) -> None:
        super().__init__(genesis, rules, verifier)
        self._registry = registry
        listed = qbft_extra(read_header(genesis).extra).validators
        self._tallies = {self._genesis: Tally(tuple(sorted(listed)))}
        self._digests: dict[tuple[Hash32, int], Hash32] = {}

    def after(self, block_hash: Hash32) -> tuple[Address, ...] | None:
        """Give the set that may seal on a block."""
        if self._registry is not None:
            return self._registry.after(block_hash)
        tally = self._tallies.get(block_hash)
        return None if tally is None else tally.members

    def _header_fault(self, header: BlockHeader, members: tuple[Address, ...]) -> str | None:
        extra = qbft_extra(header.extra)
        if header.coinbase not in members:
            return f"built by 0x{header.coinbase.hex()}, who is no validator"
        if extra.round or extra.seals:
            return f"stored with round {extra.round} and {len(extra.seals)} seals in its header"
        listed = members if self._registry is None else ()
        if extra.validators != listed:
            return f"lists {len(extra.validators)} validators, wants the {len(listed)} of its set"
        if self._registry is not None and extra.vote is not None:
            return "carries a vote although a contract decides who validates"
        if (header.difficulty, header.nonce, header.mix) != (1, bytes(8), _BFT_MIX):
            return "its difficulty, nonce or mixHash is not QBFT's"
        return None

    def _extend(self, header: BlockHeader) -> None:
        if self._registry is not None:
            self._registry.learn(header)
            return
        before, vote = self._tallies[header.parent], qbft_extra(header.extra).vote
        if header.number % self._rules.epoch == 0:
            tally = emptied(before)
        elif vote is None:
            tally = before
        else:
            tally = voted(before, (header.coinbase, *vote), keep_pointless=True)
        self._tallies[header.hash] = tally

    def _committers(
        self, header: BlockHeader, certificate: bytes
    ) -> tuple[str, tuple[Address | None, ...]]:
        round_, seals = qbft_certificate(certificate)
        key = (header.hash, round_)
        if key not in self._digests:
            if len(self._digests) >= _VERDICTS_KEPT:
                self._digests.pop(next(iter(self._digests)))
            self._digests[key] = qbft_digest(header, round_)
        digest = self._digests[key]
        return f"for round {round_}", tuple(self._verifier.recover(digest, one) for one in seals)


class IbftSeals(_BftSeals):
    """IBFT 1: the proposer's seal stands in the header, the committed ones beside it."""

    def __init__(self, genesis: bytes, rules: Rules, verifier: Verifier) -> None:
        super().__init__(genesis, rules, verifier)
        listed = ibft_extra(read_header(genesis).extra).validators
        self._tallies = {self._genesis: Tally(tuple(sorted(listed)))}

    def after(self, block_hash: Hash32) -> tuple[Address, ...] | None:
        """Give the set that may seal on a block."""
        tally = self._tallies.get(block_hash)
        return None if tally is None else tally.members

    def _header_fault(self, header: BlockHeader, members: tuple[Address, ...]) -> str | None:
        extra = ibft_extra(header.extra)
        proposer = ibft_proposer(header, self._verifier)
        if proposer is None:
            return "its proposer's seal recovers to nobody"
        if proposer not in members:
            return f"proposed by 0x{proposer.hex()}, who is no validator"
        if extra.committed:
            return f"stored with {len(extra.committed)} committed seals in its header"
        if extra.validators != members:
            return f"lists {len(extra.validators)} validators, wants the {len(members)} of its set"
        if header.nonce not in (bytes(8), _ADD) or (header.difficulty, header.mix) != (1, _BFT_MIX):
            return "its difficulty, nonce or mixHash is not IBFT's"
        return None

    def _extend(self, header: BlockHeader) -> None:
        before = self._tallies[header.parent]
        if header.number % self._rules.epoch == 0:
            tally = emptied(before)
        elif header.coinbase == ZERO_ADDRESS:
            tally = before
        else:
            proposer = ibft_proposer(header, self._verifier)
            assert proposer is not None  # the header was judged
            vote = (proposer, header.coinbase, header.nonce == _ADD)
            tally = voted(before, vote, keep_pointless=False)
        self._tallies[header.hash] = tally

    def _committers(
        self, header: BlockHeader, certificate: bytes
    ) -> tuple[str, tuple[Address | None, ...]]:
        seals = ibft_certificate(certificate)
        digest = ibft_committed(header.hash)
        return "of its commits", tuple(self._verifier.recover(digest, one) for one in seals)
