"""Where an audit reads: one port, filled in by a run folder, a live world or a data directory.

The chain comes as a ``Ledger`` whose blocks the source has verified; what it could not believe is
among its findings.  Stores and custody come as they lie: nothing of them is believed here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from node.app.audit.findings import Finding
from node.base.types import Address
from node.contracts.suite import ContractSuite
from node.evm.ledger import Ledger
from node.privacy.custody_store import Holding
from node.privacy.release_messages import Receipt


class Blocks(Protocol):
    """A block store, read from outside: bytes as they lie, not hashed."""

    def stored(self, multihash: bytes) -> bytes | None:
        """Give the bytes under a name, None where there are none."""
        ...

    def multihashes(self) -> Iterator[bytes]:
        """Give every name in ascending order."""
        ...


class Custody(Protocol):
    """What of a ``CustodyStore`` an audit reads."""

    def deals(self) -> tuple[bytes, ...]:
        """Give the id of every deal held, sorted."""
        ...

    def holding(self, deal_id: bytes) -> Holding | None:
        """Give a deal, None if it is not held."""
        ...

    def deposits(self) -> tuple[tuple[bytes, bytes], ...]:
        """Give (grant_id, deal_id) of all that is lent, sorted."""
        ...

    def certificates(self) -> tuple[bytes, ...]:
        """Give every certificate of erasure."""
        ...

    def receipts(self) -> tuple[Receipt, ...]:
        """Give the chain of receipts."""
        ...


@dataclass(frozen=True, slots=True)
class Shelf:
    """What one node keeps."""

    name: str
    address: Address
    """Of its key; two nodes may have the same."""
    blocks: Blocks
    custody: Custody


class AuditSource(Protocol):
    """What is audited."""

    @property
    def contracts(self) -> ContractSuite:
        """The contracts of the chain."""
        ...

    @property
    def lag_blocks(self) -> int:
        """How far the block that custodians act upon may lie behind the head."""
        ...

    @property
    def shelves(self) -> Sequence[Shelf]:
        """All nodes whose disks can be read."""
        ...

    @property
    def masters(self) -> Mapping[Address, bytes]:
        """Masters of patients' wallets by account, where the source may know them."""
        ...

    def ledger(self) -> Ledger | None:
        """Give the chain that is judged; None: none can be believed, ``findings`` says why."""
        ...

    def findings(self) -> Sequence[Finding]:
        """Give what was found on the way: chains, heads and files that cannot be believed."""
        ...
