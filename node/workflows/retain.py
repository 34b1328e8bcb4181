"""Workflow 13, ``retain``: until when a record must be kept (IMC Regulations 2002, 1.3.1).

The contract decides; from the first entry of a record or from its newest, as the network was
founded.  Erasure before that needs the code of a legal basis.
"""

from dataclasses import dataclass

from node.base.types import Address
from node.workflows.asking import final_block, view
from node.workflows.requests import Flow
from node.workflows.ward import Ward


@dataclass(frozen=True, slots=True)
class Retention:
    """How long one record is kept."""

    pmr_id: int
    until_s: int
    """Block time from which no legal basis is needed."""
    erased_s: int
    """Block time of its erasure, 0 for a record that stands."""
    at_s: int
    """Block time of the question."""

    @property
    def is_running(self) -> bool:
        """Whether an erasure would need a legal basis now."""
        return self.erased_s == 0 and self.at_s < self.until_s


def retain(ward: Ward, node: Address, pmr_ids: tuple[int, ...]) -> Flow[tuple[Retention, ...]]:
    """Tell of each record until when it is kept, as ``node`` sees it.

    raises        ContractRevertError: RecordUnknown.
    """
    now = yield from final_block(node)
    pmr = ward.contracts.pmr
    told: list[Retention] = []
    for pmr_id in pmr_ids:
        until = yield from view(node, pmr.retained_until(pmr_id))
        erased = yield from view(node, pmr.erased_at(pmr_id))
        told.append(Retention(pmr_id, until, erased, now.timestamp))
    return tuple(told)
