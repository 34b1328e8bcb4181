"""Whether readings that somebody has opened are those that a device signed and filed."""

from node.base.types import Address
from node.contracts.iomt_registry import batch_id_of
from node.privacy.consent import Domain
from node.privacy.readings import ReadingBatch
from node.privacy.record import Record
from node.workflows.asking import view
from node.workflows.errors import ReadingsDifferError
from node.workflows.requests import Flow
from node.workflows.ward import Ward


def device_domain(ward: Ward) -> Domain:
    """Give where the signatures of devices count."""
    return Domain(ward.chain_id, ward.contracts.devices.address)


def check_readings(
    ward: Ward, node: Address, record: Record, *, pmr_id: int, index: int
) -> Flow[None]:
    """Hold readings against the ledger; a record of another kind passes.

    The commitment of the entry says that the record is the one that was filed.  This says besides
    that the device has signed every reading, and that the root on the ledger is of these.

    raises        ReadingSignatureError.
                  ReadingsDifferError: the ledger has another root, record or entry for them.
    """
    if not isinstance(record, ReadingBatch):
        return
    domain = device_domain(ward)
    record.check(domain)
    batch_id = batch_id_of(record.device, record.first_sequence)
    found = yield from view(node, ward.contracts.devices.batch_of(batch_id))
    place = found.pmr_id, found.entry_index, found.count
    if (*place, found.root) != (pmr_id, index, len(record.readings), record.root(domain)):
        raise ReadingsDifferError(record.device, record.first_sequence)
