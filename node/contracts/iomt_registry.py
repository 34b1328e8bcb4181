"""Binding of ``IomtRegistry``: devices and their batches of readings (records.md section 3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from node.base.types import ZERO_ADDRESS, Address, Hash32
from node.contracts.abi import View
from node.contracts.bindings import iomt_registry as bound
from node.contracts.cids import Content
from node.contracts.lab_registry import code_word

CONSTRUCTOR = bound.CONSTRUCTOR
FUNCTIONS = bound.FUNCTIONS
EVENTS = bound.EVENTS
constructor = bound.constructor
_SEQUENCE_BITS: Final = 32
_CODE_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Binding:
    """To whom a device is given; all but ``next_sequence`` is zero for one that is not bound."""

    doctor: Address
    """Who gave it out: with this doctor's licence it writes."""
    pmr_id: int
    hospital_id: int
    next_sequence: int
    """Number of the next reading; it never begins anew."""

    @property
    def is_bound(self) -> bool:
        """Whether anybody wears the device."""
        return self.doctor != ZERO_ADDRESS


@dataclass(frozen=True, slots=True)
class Batch:
    """Readings ``first`` .. ``first + count - 1`` of a device, as the ledger knows them."""

    root: Hash32
    pmr_id: int
    hospital_id: int
    count: int
    """0: no such batch."""
    entry_index: int


def batch_id_of(device: Address, first_sequence: int) -> int:
    """Give the name of a batch: ``device << 32 | first``."""
    return int.from_bytes(device) << _SEQUENCE_BITS | first_sequence


@dataclass(frozen=True, slots=True)
class IomtRegistry:
    """Calls of the contract at ``address``."""

    address: Address

    def bind_device(self, device: Address, *, pmr_id: int, hospital_id: int) -> bytes:
        """Give a device to the patient of a record, as an active doctor of the hospital."""
        return bound.bind_device(device, pmr_id, hospital_id)

    def unbind(self, device: Address) -> bytes:
        """End a binding, as the patient or the hospital that gave the device out."""
        return bound.unbind(device)

    def file_readings(
        self, first_sequence: int, *, count: int, root: bytes, content: Content
    ) -> bytes:
        """File a batch, as the device; appends the entry to its PMR.

        raises        CidFormError: a foreign CID.
        """
        return bound.file_readings(first_sequence, count, root, content.as_abi())

    def raise_alert(
        self,
        batch_id: int,
        *,
        shown: tuple[int, int, bytes, bytes],
        proof: Sequence[bytes],
        reason: str,
    ) -> bytes:
        """Tell of a filed reading, as its device or the hospital that gave it out.

        ``shown``     (sequence, time, kind, hash of the Measure): all but what was measured.
        raises        CallArgumentError: the reason has over 32 ASCII characters.
        """
        # an empty code is sent as it is: refusing it (ReasonMissing) is the contract's rule
        word = code_word(reason, _CODE_BYTES, "reason") if reason else bytes(_CODE_BYTES)
        return bound.raise_alert(batch_id, shown, tuple(proof), word)

    def patient_of(self, device: Address) -> View[int]:
        """The Patient-ID that a device is bound to, 0 for none."""
        return bound.patient_of(self.address, device)

    def binding_of(self, device: Address) -> View[Binding]:
        """To whom a device is given."""
        question = bound.binding_of(self.address, device)
        return View(question.to, question.data, lambda data: Binding(*question.decode(data)))

    def batch_of(self, batch_id: int) -> View[Batch]:
        """One batch; count 0 for a name that was never given."""
        question = bound.batch_of(self.address, batch_id)
        return View(question.to, question.data, lambda data: Batch(*question.decode(data)))

    def is_reading(self, batch_id: int, leaf: bytes, proof: Sequence[bytes]) -> View[bool]:
        """Whether a leaf stands in a batch."""
        return bound.is_reading(self.address, batch_id, leaf, tuple(proof))

    def is_alerted(self, device: Address, sequence: int) -> View[bool]:
        """Whether an alert was raised for a reading."""
        return bound.is_alerted(self.address, device, sequence)

    def leaf_of(self, device: Address, shown: tuple[int, int, bytes, bytes]) -> View[Hash32]:
        """The leaf of a reading."""
        return bound.leaf_of(self.address, device, shown)
