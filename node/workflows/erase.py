"""Workflow 13, ``erase``: a patient has a record destroyed (GDPR Art. 17).

The ledger keeps salted commitments, which say nothing once record and salt are gone.  Each
custodian destroys its shares and blocks when the order is final, reads its stores again, and signs
that nothing is left.  Copies that readers made are out of anybody's reach.
"""

from dataclasses import dataclass
from typing import Final

from node.workflows.errors import ContractRevertError
from node.workflows.lending import record_deals
from node.workflows.requests import Flow
from node.workflows.transacting import transact
from node.workflows.ward import Patient, Ward

BASIS_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class ErasureOrdered:
    """What the flow leaves."""

    pmr_id: int
    deals: tuple[bytes, ...]
    """What the wallet has forgotten."""


def erase(ward: Ward, patient: Patient, pmr_id: int, *, basis: str | None) -> Flow[ErasureOrdered]:
    """Order the erasure of a record, with the patient's key, and forget it.

    ``basis``     the code of the legal reason; None: the retention time must be over.
    An order that was cut off on its way is only forgotten: the ledger has it.

    raises        ContractRevertError: RetentionRunning, NotPatient, RecordErased (and nothing of
                  it is in the wallet), ...
    """
    pmr = ward.contracts.pmr
    code = b"" if basis is None else basis.encode()
    data = pmr.erase(pmr_id, code.ljust(BASIS_BYTES, b"\0"))
    deals = record_deals(patient, pmr_id)
    try:
        yield from transact(ward, patient.node, patient.signer, pmr.address, data)
    except ContractRevertError as error:
        if error.name != "RecordErased" or not deals:
            raise
    deals = record_deals(patient, pmr_id)  # an entry may have come while the order was under way
    for deal_id in deals:
        patient.forget(deal_id)
    return ErasureOrdered(pmr_id, deals)
