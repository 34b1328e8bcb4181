"""Binding of ``PmrToken``: one locked ERC-721 token per patient and visit date (records.md §3).

The token id is the PMR-ID; entries and petitions are those of both record tokens.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from node.base.types import Address
from node.contracts import amendments, pmr_entries
from node.contracts.abi import EventSpec, Function, LedgerEvent, View
from node.contracts.amendments import Amendments
from node.contracts.pmr_entries import Entry, EntryAdded, EntryKind, EntryMarked, Erased, Locked

__all__ = [
    "CONSTRUCTOR",
    "EVENTS",
    "FUNCTIONS",
    "INTERFACE_ERC721",
    "INTERFACE_ERC721_ENUMERABLE",
    "INTERFACE_ERC721_METADATA",
    "Entry",
    "EntryAdded",
    "EntryKind",
    "EntryMarked",
    "Erased",
    "Locked",
    "PmrToken",
    "Transfer",
]

INTERFACE_ERC721: Final = bytes.fromhex("80ac58cd")
INTERFACE_ERC721_METADATA: Final = bytes.fromhex("5b5e139f")
INTERFACE_ERC721_ENUMERABLE: Final = bytes.fromhex("780e9d63")
CONSTRUCTOR: Final = pmr_entries.CONSTRUCTOR


@dataclass(frozen=True, slots=True)
class Transfer(LedgerEvent):
    """ERC-721: a token was minted (``sender`` is the zero address), or followed a recovery."""

    SPEC: ClassVar = EventSpec(
        "Transfer(address indexed from,address indexed to,uint256 indexed tokenId)"
    )
    sender: Address
    to: Address
    token_id: int


EVENTS: Final = (*pmr_entries.EVENTS, *amendments.EVENTS, Transfer)

_BALANCE_OF = Function("balanceOf(address)", ("uint256",))
_TOTAL = Function("totalSupply()", ("uint256",))
_BY_INDEX = Function("tokenByIndex(uint256)", ("uint256",))
_OF_OWNER = Function("tokenOfOwnerByIndex(address,uint256)", ("uint256",))
FUNCTIONS: Final = (
    *pmr_entries.FUNCTIONS,
    *amendments.FUNCTIONS,
    _BALANCE_OF,
    _TOTAL,
    _BY_INDEX,
    _OF_OWNER,
)


@dataclass(frozen=True, slots=True)
class PmrToken(Amendments):
    """Calls of the contract at ``address``."""

    def balance_of(self, owner: Address) -> View[int]:
        """How many tokens an account owns."""
        return _BALANCE_OF.view(self.address, int, owner)

    def total_supply(self) -> View[int]:
        """How many tokens there are."""
        return _TOTAL.view(self.address, int)

    def token_by_index(self, index: int) -> View[int]:
        """The PMR-ID at a place in order of minting."""
        return _BY_INDEX.view(self.address, int, index)

    def token_of_owner_by_index(self, owner: Address, index: int) -> View[int]:
        """The PMR-ID at a place in an owner's tokens, in order of minting."""
        return _OF_OWNER.view(self.address, int, owner, index)
