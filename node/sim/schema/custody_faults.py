"""Faults of access: custodians that do not keep the rules, essential shares stolen or lost."""

from typing import Literal, TypeAlias

from pydantic import Field

from node.sim.schema.base import Id, refers_to
from node.sim.schema.fault_base import InstantFault, LastingFault
from node.sim.schema.selectors import AnyNodes
from node.sim.schema.units import Offset


class WithholdShare(LastingFault):
    """Custodians answer no request for a share."""

    do: Literal["withhold_share"]
    custodians: AnyNodes


class CorruptShare(LastingFault):
    """Custodians release another share than they hold, with a receipt in order."""

    do: Literal["corrupt_share"]
    custodians: AnyNodes


class RogueCustodian(LastingFault):
    """Custodians go on as if no grant ever ended: they release, and destroy nothing."""

    do: Literal["rogue_custodian"]
    custodians: AnyNodes


class OwnClock(LastingFault):
    """Custodians judge the time of a grant by their own clock instead of the final block."""

    do: Literal["own_clock"]
    custodians: AnyNodes
    by_us: Offset = Field(default=0, alias="by")
    """How far that clock is ahead of the machine's, with which the node follows the chain."""


class CustodyStolen(InstantFault):
    """Somebody copies the shares out of custodians' stores; the custodians notice nothing."""

    do: Literal["custody_stolen"]
    custodians: AnyNodes


class EssentialStolen(InstantFault):
    """Somebody copies a patient's essential shares of now, and not what later ones follow from."""

    do: Literal["essential_stolen"]
    patient: Id = refers_to("patient")


class EssentialLost(InstantFault):
    """A patient's wallet is gone, with its keys and all essential shares."""

    do: Literal["essential_lost"]
    patient: Id = refers_to("patient")


CustodianFault: TypeAlias = WithholdShare | CorruptShare | RogueCustodian | OwnClock
EssentialFault: TypeAlias = CustodyStolen | EssentialStolen | EssentialLost
