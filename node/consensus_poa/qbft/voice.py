"""Everything that this validator says: guarded, logged, sent, in this order.

One value per (height, round, code), ever: the log holds it before a peer does, and after a
restart the log, not a new decision, says what was said (consensus.md section 3.9).
"""

from collections.abc import Callable

from node.base.ports import Signer
from node.base.types import Address
from node.consensus_poa.effects import AppendWal, Multicast
from node.consensus_poa.qbft import log
from node.consensus_poa.qbft.context import Context
from node.consensus_poa.qbft.messages import (
    COMMIT,
    PREPARE,
    PROPOSAL,
    ROUND_CHANGE,
    Commit,
    Prepare,
    Proposal,
    RoundChange,
    SignedRoundChange,
    signing_digest,
)
from node.consensus_poa.qbft.opened import (
    Candidate,
    Opened,
    Unreadable,
    candidate_of,
    open_message,
    prepared_value,
)
from node.consensus_poa.qbft.state import Prepared
from node.consensus_poa.wal import WalEntry


class Voice:
    """Signs and sends for one validator."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def append(self, kind: str, payload: bytes) -> None:
        """Write to the log; an observer has none."""
        context = self._context
        signer = context.signer()
        if signer is not None:
            entry = WalEntry(kind, context.genesis_hash(), signer.address, payload)
            context.out.append(AppendWal(entry.encode()))

    def prepare(self, round_: int, candidate: Candidate) -> Opened | None:
        """Say that the proposal of this round is valid; None: nothing new was said."""
        digest = candidate.digest

        def make(signer: Signer) -> bytes:
            vote = Prepare(self._height, round_, digest)
            signature = signer.sign(signing_digest(PREPARE, vote.payload()))
            return Prepare(vote.height, round_, digest, signature).encode()

        return self._say(PREPARE, round_, digest, make)

    def commit(self, round_: int, candidate: Candidate) -> Opened | None:
        """Say that a quorum prepared; None: nothing new was said."""
        digest = candidate.digest

        def make(signer: Signer) -> bytes:
            vote = Commit(self._height, round_, digest, signer.sign(digest))
            signature = signer.sign(signing_digest(COMMIT, vote.payload()))
            return Commit(vote.height, round_, digest, vote.seal, signature).encode()

        return self._say(COMMIT, round_, digest, make)

    def round_change(self, round_: int, prepared: Prepared | None) -> Opened | None:
        """Say that this node left all rounds below; None: nothing new was said."""
        block, metadata = None, None
        prepares: tuple[Prepare, ...] = ()
        if prepared is not None:
            block = prepared.candidate.travelling(prepared.round)
            prepares = tuple(
                vote.message for vote in prepared.prepares if isinstance(vote.message, Prepare)
            )
            metadata = (prepared.round, prepared.candidate.digest)

        def make(signer: Signer) -> bytes:
            bare = SignedRoundChange(self._height, round_, metadata)
            signature = signer.sign(signing_digest(ROUND_CHANGE, bare.payload()))
            signed = SignedRoundChange(bare.height, round_, metadata, signature)
            return RoundChange(signed, block, prepares).encode()

        value = prepared_value(SignedRoundChange(self._height, round_, metadata))
        return self._say(ROUND_CHANGE, round_, value, make)

    def propose(
        self,
        round_: int,
        candidate: Candidate,
        changes: tuple[Opened, ...] = (),
        prepares: tuple[Prepare, ...] = (),
    ) -> Opened | None:
        """Propose a block with what justifies it; None: nothing new was said."""
        block = candidate.travelling(round_)
        proofs = tuple(
            change.message.signed for change in changes if isinstance(change.message, RoundChange)
        )

        def make(signer: Signer) -> bytes:
            bare = Proposal(self._height, round_, block)
            signature = signer.sign(signing_digest(PROPOSAL, bare.payload()))
            return Proposal(bare.height, round_, block, proofs, prepares, signature).encode()

        again = candidate_of(block, round_)
        assert again is not None
        return self._say(PROPOSAL, round_, again.key, make)

    @property
    def _height(self) -> int:
        return self._context.head.number + 1

    def _say(
        self, code: int, round_: int, value: bytes, make: Callable[[Signer], bytes]
    ) -> Opened | None:
        context = self._context
        state, signer = context.state, context.signer()
        if signer is None:
            return None
        said = state.guards.get((round_, code))
        if said is not None:
            if said != value:
                context.trace("QBFT.SignGuard", height=self._height, round=round_, code=code)
            return None
        raw = make(signer)
        message = open_message(raw, context.lent.memo, context.lent.verifier)
        assert not isinstance(message, Unreadable)
        assert message.value == value
        state.guards[(round_, code)] = value
        self.append(log.SENT, log.sent_payload(self._height, round_, code, raw))
        state.sent[code] = message
        context.out.append(Multicast(raw))
        return message

    def again(self, message: Opened, to: tuple[Address, ...] = ()) -> None:
        """Send old bytes once more."""
        self._context.out.append(Multicast(message.raw, to))
