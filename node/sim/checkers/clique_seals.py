"""Who may have sealed a Clique header, judged from its RLP alone (EIP-225).

A second reading of the rules, on purpose without the engine: the set of a block is rebuilt from
the genesis list and the votes of its own branch, so a mistake of the engine cannot excuse itself.
"""

from dataclasses import dataclass
from typing import Final

from node.base import rlp
from node.base.errors import CodecError
from node.base.keccak import keccak256
from node.base.ports import Verifier
from node.base.types import ZERO_ADDRESS, Address, Hash32

_PARENT, _COINBASE, _DIFFICULTY, _NUMBER, _EXTRA, _NONCE = 0, 2, 7, 8, 12, 14
_VANITY: Final = 32
_SEAL: Final = 65
_ADD: Final = b"\xff" * 8


@dataclass(frozen=True, slots=True)
class SetAfter:
    """The signers after a block, who sealed lately, and the votes that still count."""

    number: int
    signers: tuple[Address, ...]
    """Ascending."""
    sealed: dict[int, Address]
    votes: tuple[tuple[Address, Address, bool], ...]
    """(voter, target, add) in the order cast; the latest of a voter about a target counts."""

    @property
    def limit(self) -> int:
        """Give SIGNER_LIMIT: one seal of a signer in so many consecutive blocks."""
        return len(self.signers) // 2 + 1


class CliqueSealChecker:
    """Follows every branch that it is shown."""

    def __init__(self, genesis: bytes, *, epoch: int, verifier: Verifier) -> None:
        items = _items(genesis)
        listed = items[_EXTRA][_VANITY:-_SEAL]
        signers = tuple(Address(listed[at : at + 20]) for at in range(0, len(listed), 20))
        self._epoch = epoch
        self._verifier = verifier
        self._after: dict[Hash32, SetAfter] = {
            keccak256(genesis): SetAfter(0, tuple(sorted(signers)), {}, ())
        }

    def judge(self, header: bytes, certificate: bytes | None = None) -> str | None:
        """Say what is wrong with the linking or the seal of a header, or None."""
        del certificate  # everything stands in the header
        return self.learn(header)

    def learn(self, header: bytes) -> str | None:
        """Say what is wrong with a header, or None and its branch is followed."""
        block_hash = keccak256(header)
        if block_hash in self._after:
            return None
        try:
            items = _items(header)
        except CodecError as error:
            return f"header 0x{block_hash.hex()[:16]}: {error}"
        parent = self._after.get(Hash32(items[_PARENT]))
        number = int.from_bytes(items[_NUMBER])
        if parent is None:
            return f"block {number}: its parent 0x{items[_PARENT].hex()[:16]} was never shown"
        if number != parent.number + 1:
            return f"block {number} stands on block {parent.number}"
        signer = _signer(items, self._verifier)
        fault = _seal_fault(parent, number, signer, int.from_bytes(items[_DIFFICULTY]))
        fault = fault or self._list_fault(parent, number, items[_EXTRA][_VANITY:-_SEAL])
        if fault is not None:
            return f"block {number}: {fault}"
        assert signer is not None
        self._after[block_hash] = self._apply(parent, number, signer, items)
        return None

    def after(self, block_hash: Hash32) -> tuple[Address, ...] | None:
        """Give the set after a block that was shown."""
        known = self._after.get(block_hash)
        return None if known is None else known.signers

    def eligible_on(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Give who may seal the next block on this one: signers that did not do so lately."""
        known = self._after.get(block_hash)
        if known is None:
            return ()
        lately = {who for n, who in known.sealed.items() if n > known.number + 1 - known.limit}
        return tuple(signer for signer in known.signers if signer not in lately)

    def _list_fault(self, parent: SetAfter, number: int, listed: bytes) -> str | None:
        wants = b"".join(parent.signers) if number % self._epoch == 0 else b""
        if listed == wants:
            return None
        return f"lists {len(listed) // 20} signers, wants the {len(wants) // 20} of its parent"

    def _apply(
        self, parent: SetAfter, number: int, signer: Address, items: list[bytes]
    ) -> SetAfter:
        votes = () if number % self._epoch == 0 else parent.votes
        sealed = {n: who for n, who in parent.sealed.items() if n > number - parent.limit}
        sealed[number] = signer
        target = Address(items[_COINBASE])
        if number % self._epoch == 0 or target == ZERO_ADDRESS:
            return SetAfter(number, parent.signers, sealed, votes)
        add = items[_NONCE] == _ADD
        votes = tuple(vote for vote in votes if vote[:2] != (signer, target))
        if (target in parent.signers) != add:
            votes = (*votes, (signer, target, add))
        return _settle(parent, number, sealed, votes, target)


def _signer(items: list[bytes], verifier: Verifier) -> Address | None:
    """Recover from keccak of the header whose extraData lost its last 65 bytes."""
    extra = items[_EXTRA]
    unsealed = [*items[:_EXTRA], extra[:-_SEAL], *items[_EXTRA + 1 :]]
    return verifier.recover(keccak256(rlp.encode(unsealed)), extra[-_SEAL:])


def _settle(
    parent: SetAfter,
    number: int,
    sealed: dict[int, Address],
    votes: tuple[tuple[Address, Address, bool], ...],
    target: Address,
) -> SetAfter:
    about = [vote for vote in votes if vote[1] == target]
    if len(about) <= len(parent.signers) // 2:
        return SetAfter(number, parent.signers, sealed, votes)
    votes = tuple(vote for vote in votes if vote[1] != target)
    if about[0][2]:
        signers = tuple(sorted((*parent.signers, target)))
    else:
        signers = tuple(member for member in parent.signers if member != target)
        votes = tuple(vote for vote in votes if vote[0] != target)
        limit = len(signers) // 2 + 1
        sealed = {n: who for n, who in sealed.items() if n != number - limit}
    return SetAfter(number, signers, sealed, votes)


def _seal_fault(
    parent: SetAfter, number: int, signer: Address | None, difficulty: int
) -> str | None:
    if signer is None:
        return "its seal recovers to nobody"
    if signer not in parent.signers:
        return f"sealed by 0x{signer.hex()}, who is no signer"
    recent = [n for n, who in parent.sealed.items() if who == signer]
    if any(n > number - parent.limit for n in recent):
        return f"0x{signer.hex()} sealed block {max(recent)} and may not seal again yet"
    turn = 2 if number % len(parent.signers) == parent.signers.index(signer) else 1
    if difficulty != turn:
        return f"difficulty {difficulty}, the turn of its signer makes {turn}"
    return None


def _items(header: bytes) -> list[bytes]:
    decoded = rlp.decode(header)
    if isinstance(decoded, bytes) or len(decoded) < 15:
        raise CodecError("header", "wants a list of at least 15 items")
    items = [item for item in decoded if isinstance(item, bytes)]
    if len(items) != len(decoded) or len(items[_EXTRA]) < _VANITY + _SEAL:
        raise CodecError("header", "a nested list, or extraData without vanity and seal")
    return items
