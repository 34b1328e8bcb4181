"""Binding of ``PmrMultiToken``: the same records as ERC-1155 (records.md §3, the paper's outlook).

The token of a visit has its PMR-ID for id; its entries of one kind are units of an id of their
own.  Entries and petitions are those of both record tokens.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from node.base.types import Address
from node.contracts import amendments, pmr_entries
from node.contracts.abi import EventSpec, Function, LedgerEvent, View
from node.contracts.amendments import Amendments
from node.contracts.pmr_entries import EntryKind

INTERFACE_ERC1155: Final = bytes.fromhex("d9b67a26")
INTERFACE_ERC1155_METADATA: Final = bytes.fromhex("0e89341c")
CONSTRUCTOR: Final = pmr_entries.CONSTRUCTOR
_KIND_SHIFT: Final = 128


def entries_id(pmr_id: int, kind: EntryKind) -> int:
    """Give the token id of a visit's entries of one kind."""
    return (kind << _KIND_SHIFT) | pmr_id


def is_visit(token_id: int) -> bool:
    """Say whether a token id is a PMR-ID, and not that of a kind of its entries."""
    return token_id >> _KIND_SHIFT == 0


@dataclass(frozen=True, slots=True)
class TransferSingle(LedgerEvent):
    """ERC-1155: a visit, or one more of its entries of a kind, was minted."""

    SPEC: ClassVar = EventSpec(
        "TransferSingle(address indexed operator,address indexed from,address indexed to,"
        "uint256 id,uint256 value)"
    )
    operator: Address
    sender: Address
    to: Address
    id: int
    value: int


@dataclass(frozen=True, slots=True)
class TransferBatch(LedgerEvent):
    """ERC-1155: all tokens of a visit followed a recovery."""

    SPEC: ClassVar = EventSpec(
        "TransferBatch(address indexed operator,address indexed from,address indexed to,"
        "uint256[] ids,uint256[] values)"
    )
    operator: Address
    sender: Address
    to: Address
    ids: tuple[int, ...]
    values: tuple[int, ...]


EVENTS: Final = (*pmr_entries.EVENTS, *amendments.EVENTS, TransferSingle, TransferBatch)

_BALANCE_OF = Function("balanceOf(address,uint256)", ("uint256",))
_BALANCES = Function("balanceOfBatch(address[],uint256[])", ("uint256[]",))
_TOTAL = Function("totalSupply(uint256)", ("uint256",))
_VISIT_COUNT = Function("visitCount(uint64)", ("uint256",))
_VISIT_AT = Function("visitAt(uint64,uint256)", ("uint256",))
_URI = Function("uri(uint256)", ("string",))
FUNCTIONS: Final = (
    *pmr_entries.FUNCTIONS,
    *amendments.FUNCTIONS,
    _BALANCE_OF,
    _BALANCES,
    _TOTAL,
    _VISIT_COUNT,
    _VISIT_AT,
    _URI,
)


@dataclass(frozen=True, slots=True)
class PmrMultiToken(Amendments):
    """Calls of the contract at ``address``."""

    def balance_of(self, owner: Address, token_id: int) -> View[int]:
        """How many units of an id an account has."""
        return _BALANCE_OF.view(self.address, int, owner, token_id)

    def balance_of_batch(
        self, owners: tuple[Address, ...], token_ids: tuple[int, ...]
    ) -> View[tuple[int, ...]]:
        """The same of many pairs; ``ERC1155InvalidArrayLength`` where the lengths differ."""
        return _BALANCES.view(self.address, tuple[int, ...], owners, token_ids)

    def total_supply(self, token_id: int) -> View[int]:
        """How many units of an id there are: 1 of a visit, one for each entry of a kind."""
        return _TOTAL.view(self.address, int, token_id)

    def visit_count(self, patient_id: int) -> View[int]:
        """How many records a patient has."""
        return _VISIT_COUNT.view(self.address, int, patient_id)

    def visit_at(self, patient_id: int, place: int) -> View[int]:
        """The PMR-ID at a place in a patient's records, in order of minting.

        ``VisitUnknown`` where there is none.
        """
        return _VISIT_AT.view(self.address, int, patient_id, place)

    def uri(self, token_id: int) -> View[str]:
        """ERC-1155 metadata: a name with ``{id}`` in it, for there is no page to go to."""
        return _URI.view(self.address, str, token_id)
