"""The validator set by the registry's log events (consensus.md section 8, invariants R1 to R3).

The nodes call ``getValidators()``; this reads what the contract told instead, so that a wrong
call context (the pending block, another branch) shows as a difference.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from node.base.keccak import keccak256
from node.base.types import Address, Hash32
from node.sim.checkers.consensus_headers import BlockHeader

Log: TypeAlias = tuple[Address, tuple[bytes, ...], bytes]
"""Contract, topics, data."""
LogsOf: TypeAlias = Callable[[Hash32], tuple[Log, ...] | None]
"""Block hash -> the logs of its receipts, in order; None: no node has the block."""

_ADMITTED: Final = keccak256(b"ValidatorAdmitted(address,uint64,bytes32,bytes32,uint64)")
_WITHDRAWN: Final = keccak256(b"ValidatorWithdrawn(address,uint64,uint64)")
_ENACTED: Final = keccak256(b"Enacted(uint256,uint8)")
_EMERGENCY: Final = 7
"""Number of the action EmergencyWithdraw of the registry."""


@dataclass(frozen=True, slots=True)
class Terms:
    """When a key may validate: from one block number to, exclusively, another; 0 = open."""

    active_from: int
    active_until: int


@dataclass(frozen=True, slots=True)
class Registered:
    """What the registry holds after a block."""

    number: int
    terms: Mapping[Address, Terms]
    is_emergency: bool
    """An emergency withdrawal was enacted in this block or in one before it."""
    members: tuple[Address, ...]
    """S(number + 1), ascending."""


class RegistryReader:
    """Follows the registry along every branch that it is shown."""

    def __init__(
        self,
        genesis: Hash32,
        first: tuple[Address, ...],
        registry: Address,
        logs_of: LogsOf,
        *,
        minimum: int,
    ) -> None:
        """``first``: the keys of genesis; ``minimum``: MIN_VALIDATORS of this network."""
        self._registry = registry
        self._logs_of = logs_of
        self._minimum = minimum
        self.fault: str | None = None
        terms = {key: Terms(0, 0) for key in first}
        self._after: dict[Hash32, Registered] = {
            genesis: Registered(0, terms, is_emergency=False, members=tuple(sorted(first)))
        }

    def learn(self, header: BlockHeader) -> None:
        """Read the logs of a block once; ``fault`` then says what first broke R2 or R3."""
        if header.hash in self._after:
            return
        below = self._after.get(header.parent)
        logs = self._logs_of(header.hash)
        if below is None or logs is None:
            return
        terms, is_emergency = self._applied(below, logs)
        members = below.members
        if terms is not below.terms or _changes_at(terms, header.number + 1):
            members = _members(terms, header.number + 1)
        self._after[header.hash] = Registered(header.number, terms, is_emergency, members)
        if self.fault is None:
            self.fault = self._broken(header, below.members, members, is_emergency=is_emergency)

    def after(self, block_hash: Hash32) -> tuple[Address, ...] | None:
        """Give S of the next block, ascending; None for a block that was not shown."""
        known = self._after.get(block_hash)
        return None if known is None else known.members

    def _applied(
        self, below: Registered, logs: tuple[Log, ...]
    ) -> tuple[Mapping[Address, Terms], bool]:
        terms: dict[Address, Terms] | None = None
        is_emergency = below.is_emergency
        for address, topics, data in logs:
            if address != self._registry or not topics:
                continue
            if topics[0] == _ENACTED:
                is_emergency |= int.from_bytes(topics[2]) == _EMERGENCY
            if topics[0] not in (_ADMITTED, _WITHDRAWN):
                continue
            terms = dict(below.terms) if terms is None else terms
            key, number = Address(topics[1][12:]), int.from_bytes(data[-32:])
            if topics[0] == _ADMITTED:
                terms[key] = Terms(number, 0)
            else:
                terms[key] = Terms(terms[key].active_from if key in terms else 0, number)
        return (below.terms if terms is None else terms), is_emergency

    def _broken(
        self,
        header: BlockHeader,
        before: tuple[Address, ...],
        members: tuple[Address, ...],
        *,
        is_emergency: bool,
    ) -> str | None:
        removed = sorted(set(before) - set(members))
        cap = max(1, (len(before) - 1) // 3)
        if len(removed) > cap:
            return (
                f"{header.name} removes {len(removed)} of {len(before)} validators at once "
                f"({', '.join('0x' + key.hex()[:8] for key in removed)}), the cap is {cap}"
            )
        if removed and len(members) < self._minimum and not is_emergency:
            return (
                f"{header.name} leaves {len(members)} validators, fewer than the minimum of "
                f"{self._minimum}, and no emergency was enacted"
            )
        return None


def _changes_at(terms: Mapping[Address, Terms], number: int) -> bool:
    return any(number in (one.active_from, one.active_until) for one in terms.values())


def _members(terms: Mapping[Address, Terms], number: int) -> tuple[Address, ...]:
    return tuple(
        sorted(
            key
            for key, one in terms.items()
            if one.active_from <= number and (one.active_until == 0 or number < one.active_until)
        )
    )
