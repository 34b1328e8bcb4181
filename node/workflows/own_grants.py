"""What a patient knows of the ends of the own grants: they follow them with the wallet's epochs."""

from collections.abc import Iterable

from node.base.types import Hash32
from node.workflows.asking import head, view
from node.workflows.requests import Flow
from node.workflows.ward import Patient, Ward


def note_end(patient: Patient, grant_id: bytes, at_s: int) -> None:
    """Let a patient note that a grant of theirs ended, at the latest now."""
    given = patient.granted.get(grant_id)
    if given is not None:
        given.ends_s = min(given.ends_s, at_s)


def hear_verdicts(ward: Ward, patient: Patient, grant_ids: Iterable[bytes]) -> Flow[None]:
    """Note of grants that seem to run which of them the authority has ended."""
    consents = ward.contracts.consents
    now = yield from head(patient.node)
    for grant_id in dict.fromkeys(grant_ids):
        if now.timestamp < patient.granted[grant_id].ends_s:
            found = yield from view(patient.node, consents.complaint_of(Hash32(grant_id)))
            if found.upheld_s:
                note_end(patient, grant_id, found.upheld_s)
