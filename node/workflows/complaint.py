"""A grant is misused: somebody complains, the authority finds it proven, and the grant has ended.

Nothing ends before a majority has decided; then custodians refuse as after any revocation, and the
patient had nothing to do: the wallet hears of it from the ledger (``own_grants``).  What the
grantee has read stays read (records.md section 6, MeDShare).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from node.base.ports import Entropy
from node.contracts.complaints import Complaint
from node.contracts.government_actions import UpholdComplaint
from node.workflows.access import GrantMade
from node.workflows.asking import view
from node.workflows.errors import ContractRevertError
from node.workflows.letter import Letter, write_letter
from node.workflows.register_hospital import decide
from node.workflows.requests import Flow
from node.workflows.transacting import transact
from node.workflows.ward import Hospital, Patient, Regulator, Ward


@dataclass(frozen=True, slots=True)
class ComplaintMade:
    """What a complaint leaves."""

    grant: GrantMade
    letter: Letter
    """What the authority gets to see."""


def complain_of_grant(
    ward: Ward, complainant: Hospital | Patient, made: GrantMade, *, text: str, entropy: Entropy
) -> Flow[ComplaintMade]:
    """Complain of how a grant is used, as a hospital that noticed or as its patient.

    Of grants that one transaction relayed, each that still runs gets its complaint.

    raises        ContractRevertError: GrantNotActive, NotParticipant, ...
    """
    consents, patients = ward.contracts.consents, ward.contracts.patients
    node, letter = complainant.node, write_letter(text, entropy)
    patient_id = yield from view(node, patients.id_of(made.patient.wallet.address))
    ended: ContractRevertError | None = None
    is_made = False
    for one in (made, *made.others):
        data = consents.complain_of_grant(
            one.grant_id,
            patient_id=patient_id,
            grantee=one.grantee.signer.address,
            pmr_id=one.pmr_id,
            evidence=letter.commitment(),
        )
        try:
            yield from transact(ward, node, complainant.signer, consents.address, data)
        except ContractRevertError as error:
            if error.name != "GrantNotActive":
                raise
            ended = error
        else:
            is_made = True
    if ended is not None and not is_made:
        raise ended
    return ComplaintMade(made, letter)


def uphold_complaint(
    ward: Ward, complaint: ComplaintMade, regulators: Sequence[Regulator]
) -> Flow[int]:
    """Let the authority find a complaint proven; give the number of the last proposal.

    Too few ``regulators`` leave a proposal that others may still vote for, and end nothing.

    raises        ContractRevertError: ComplaintUnknown, AlreadyUpheld, NotAuthorityMember, ...
    """
    consents, number = ward.contracts.consents, 0
    found: list[Complaint] = []
    for one in (complaint.grant, *complaint.grant.others):
        noted = yield from view(regulators[0].node, consents.complaint_of(one.grant_id))
        found.append(noted)
        if noted.patient_id and not noted.upheld_s:
            number = yield from decide(ward, regulators, UpholdComplaint(one.grant_id))
    if not number:
        is_upheld = any(one.upheld_s for one in found)
        raise ContractRevertError("AlreadyUpheld" if is_upheld else "ComplaintUnknown", ())
    return number
