"""Which petitions wait for an answer, read from the events of a chain in their order."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from node.contracts.abi import LedgerEvent
from node.contracts.amendments import (
    PetitionDenied,
    PetitionExtended,
    PetitionFiled,
)
from node.contracts.pmr_entries import EntryMarked, Erased


@dataclass(frozen=True, slots=True)
class OpenPetition:
    """A petition that nobody has answered."""

    pmr_id: int
    index: int
    doctor_id: int
    """Who has to."""
    due_s: int
    is_overdue: bool
    """The time is over: the last second of it is still in time."""


def open_petitions(events: Iterable[LedgerEvent], at_s: int) -> tuple[OpenPetition, ...]:
    """Give the petitions that are open at a block time, in the order in which they were filed.

    Those about a record that was erased since are done with: there is nothing left to correct.
    """
    found: dict[tuple[int, int], OpenPetition] = {}
    for event in events:
        match event:
            case PetitionFiled():
                filed = OpenPetition(
                    event.pmr_id, event.index, event.doctor_id, event.due, is_overdue=False
                )
                found[event.pmr_id, event.index] = filed
            case PetitionExtended():
                key = event.pmr_id, event.index
                found[key] = replace(found[key], due_s=event.due)
            case EntryMarked() | PetitionDenied():
                found.pop((event.pmr_id, event.index), None)  # an amendment may be unasked
            case Erased():
                found = {key: one for key, one in found.items() if key[0] != event.pmr_id}
            case _:
                pass
    return tuple(replace(one, is_overdue=at_s > one.due_s) for one in found.values())
