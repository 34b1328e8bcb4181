"""Workflow 12, ``move_hospital``: a patient goes to another hospital, and the history goes along.

Nothing is entered anew and nothing is copied: the records stay where their custodians keep them,
and the new hospital reads what the patient lets it read, for as long as the patient says.
"""

from dataclasses import replace

from node.base.ports import Entropy
from node.privacy.consent import LATER, SECTIONS
from node.workflows.access import GrantMade, direct_request, grant
from node.workflows.requests import Flow
from node.workflows.ward import Hospital, Patient, Ward

ALL_RECORDS = 0


def move_hospital(
    ward: Ward, patient: Patient, hospital: Hospital, *, seconds: int, entropy: Entropy
) -> Flow[GrantMade]:
    """Grant a hospital all records, those to come included, and go to its desk from now on.

    The desk that registered the patient stays on the ledger: that is history, too.

    raises        ContractRevertError: GranteeNotActive (the hospital is not Verified), ...: then
                  the patient stays where they are.
                  CustodiansMissingError: too few keep their deposits; the Consent stands.
    """
    asked = direct_request(hospital, patient, ALL_RECORDS, sections=(*SECTIONS, LATER))
    made = yield from grant(ward, asked, seconds=seconds, entropy=entropy)
    patient.hospital = hospital
    return replace(made, patient=patient)
