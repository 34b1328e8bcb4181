"""A grant is misused: somebody complains, the authority finds it proven, and the grant has ended.

Nothing ends before a majority has decided; then custodians refuse as after any revocation, and the
patient had nothing to do.  What the grantee has read stays read (records.md section 6, MeDShare).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from node.base.ports import Entropy
from node.contracts.government_actions import UpholdComplaint
from node.workflows.access import GrantMade, note_end
from node.workflows.asking import head, view
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

    Of grants that one transaction relayed, each gets its complaint.

    raises        ContractRevertError: GrantNotActive, AlreadyComplained, NotParticipant, ...
    """
    consents, patients = ward.contracts.consents, ward.contracts.patients
    node, letter = complainant.node, write_letter(text, entropy)
    patient_id = yield from view(node, patients.id_of(made.patient.wallet.address))
    for one in (made, *made.others):
        data = consents.complain_of_grant(
            one.grant_id,
            patient_id=patient_id,
            grantee=one.grantee.signer.address,
            pmr_id=one.pmr_id,
            evidence=letter.commitment(),
        )
        yield from transact(ward, node, complainant.signer, consents.address, data)
    return ComplaintMade(made, letter)


def uphold_complaint(
    ward: Ward, complaint: ComplaintMade, regulators: Sequence[Regulator]
) -> Flow[int]:
    """Let the authority find a complaint proven; give the number of the last proposal.

    Too few ``regulators`` leave a proposal that others may still vote for, and end nothing.

    raises        ContractRevertError: ComplaintUnknown, AlreadyUpheld, NotAuthorityMember, ...
    """
    made, number = complaint.grant, 0
    for one in (made, *made.others):
        number = yield from decide(ward, regulators, UpholdComplaint(one.grant_id))
        node = regulators[0].node
        found = yield from view(node, ward.contracts.consents.complaint_of(one.grant_id))
        if found.is_upheld:
            now = yield from head(node)
            note_end(one.patient, one.grant_id, now.timestamp)
    return number
