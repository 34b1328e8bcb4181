"""Steps of secret sharing over time: refresh, rotation, erasure, recovery, change of custodians."""

from typing import Annotated, Literal, TypeAlias

from node.sim.schema.base import Id, listed, refers_to
from node.sim.schema.step_base import StepBase


class RefreshEpoch(StepBase):
    """A patient moves a record's shares to the next epoch; stolen ones fit nothing any more."""

    do: Literal["refresh_epoch"]
    patient: Id = refers_to("patient")
    record: Id | None = refers_to("record", default=None)
    """None: all records of the patient."""
    without: Annotated[tuple[Id, ...], listed("a list of nodes")] = refers_to("node", default=())
    """Custodians that get no letter."""


class RotateKey(StepBase):
    """A patient deals a record again under a new key; the old generation is erased."""

    do: Literal["rotate_key"]
    patient: Id = refers_to("patient")
    record: Id = refers_to("record")
    without: Id | None = refers_to("grant", default=None)
    """The grant that gets no deposit for the new generation."""


class Erase(StepBase):
    """A patient has a record destroyed: shares, fragments, manifest."""

    do: Literal["erase"]
    patient: Id = refers_to("patient")
    pmr: Id = refers_to("visit")
    basis: str | None = None
    """The legal reason; None: the retention time must be over."""


class SetGuardian(StepBase):
    """A patient names a guardian and leaves shares of the wallet's master with hospitals."""

    do: Literal["set_guardian"]
    patient: Id = refers_to("patient")
    guardian: Id = refers_to("guardian")
    hospitals: Annotated[tuple[Id, ...], listed("a list of nodes")] = refers_to("node")


class RecoverKey(StepBase):
    """Guardian and hospital give a patient who lost everything new keys and all records back."""

    do: Literal["recover_key"]
    patient: Id = refers_to("patient")
    guardian: Id = refers_to("guardian")
    hospital: Id = refers_to("node")
    """The one that confirms who the patient is."""


class CancelRecovery(StepBase):
    """The old account stops a recovery that it did not want."""

    do: Literal["cancel_recovery"]
    patient: Id = refers_to("patient")


class ReplaceCustodian(StepBase):
    """A record's share passes from one custodian to another at the same index."""

    do: Literal["replace_custodian"]
    record: Id = refers_to("record")
    leaver: Id = refers_to("node")
    newcomer: Id = refers_to("node")
    by: Literal["patient", "authority"] = "patient"


class ReadOwn(StepBase):
    """A patient reads an own record."""

    do: Literal["read_own"]
    patient: Id = refers_to("patient")
    record: Id = refers_to("record")


CustodyStep: TypeAlias = (
    RefreshEpoch
    | RotateKey
    | Erase
    | SetGuardian
    | RecoverKey
    | CancelRecovery
    | ReplaceCustodian
    | ReadOwn
)
