"""Workflows 7 and 8: a grantee reads a record, and another practitioner adds an opinion."""

from dataclasses import dataclass
from typing import Final

from node.base.ports import Entropy
from node.base.types import Address
from node.contracts.pmr_token import Entry
from node.privacy.grantee import find_released_key, open_released
from node.privacy.record import Diagnosis, PmrEntry, Record, body_of, commitment, open_ready
from node.privacy.release_messages import Head
from node.sss.commitments import Manifest
from node.workflows.asking import ask_release, fetch, final_block, view
from node.workflows.consult import Visit, write_entry
from node.workflows.errors import CommitmentError, NoGrantError
from node.workflows.requests import Flow
from node.workflows.ward import Doctor, Patient, Ward

HEAD_LAG: Final = 2
"""Requests name a block so many below the reader's final one: a custodian may be behind."""
OPINION: Final = "Findings reviewed; agrees with the provisional diagnosis."


@dataclass(frozen=True, slots=True)
class ReadEntry:
    """One entry that was opened and found to be what the ledger commits to."""

    index: int
    record: Record


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading leaves: the entries, and how many custodians released for them."""

    pmr_id: int
    entries: tuple[ReadEntry, ...]
    receipts: int


def read_record(ward: Ward, doctor: Doctor, pmr_id: int, entropy: Entropy) -> Flow[Reading]:
    """Open every entry of a PMR under the newest grant that the doctor was told of.

    raises        NoGrantError: the doctor was told of none.
                  GrantNotActiveError(status): too few custodians released.
                  CommitmentError: what came out is not what the ledger commits to.
                  FetchFailedError: a manifest or fragment is not to be had.
    """
    held = [one for one in doctor.grants if one.pmr_id in (0, pmr_id)]
    if not held:
        raise NoGrantError(doctor.name, pmr_id)
    entries = yield from view(doctor.node, ward.contracts.pmr.entries(pmr_id))
    opened: list[ReadEntry] = []
    receipts = 0
    for index, entry in enumerate(entries):
        record, answered = yield from _open(ward, doctor, entry, held[-1].grant_id, entropy)
        opened.append(ReadEntry(index, record))
        receipts += answered
    return Reading(pmr_id, tuple(opened), receipts)


def second_opinion(
    ward: Ward, doctor: Doctor, patient: Patient, pmr_id: int, entropy: Entropy
) -> Flow[Visit]:
    """Read under a grant, then write an own entry that refers to what was read.

    raises        as ``read_record``; ContractRevertError: GrantNotActive, DoctorNotActive, ...
    """
    reading = yield from read_record(ward, doctor, pmr_id, entropy)
    notes = [one.record for one in reading.entries if isinstance(one.record, PmrEntry)]
    diagnoses: tuple[Diagnosis, ...] = notes[-1].diagnosis if notes else ()
    entry = PmrEntry(
        diagnosis=diagnoses,
        treatment_summary=OPINION,
        lab_reports=tuple(f"entry {one.index}" for one in reading.entries),
    )
    return (
        yield from write_entry(ward, doctor, patient, entry, pmr_id, second=True, entropy=entropy)
    )


def _open(
    ward: Ward, doctor: Doctor, entry: Entry, grant_id: bytes, entropy: Entropy
) -> Flow[tuple[Record, int]]:
    holders = tuple(sorted(hospital.signer.address for hospital in ward.hospitals))
    (raw,) = yield from fetch(doctor.node, (entry.content.cid,), holders)
    manifest = Manifest.decode(raw)
    final = yield from final_block(doctor.node, back=HEAD_LAG)
    requests = doctor.reader.requests(
        manifest,
        grant_id=grant_id,
        head=Head(final.number, final.hash, final.timestamp),
        indices=range(1, manifest.header.custodians + 1),
        entropy=entropy,
    )
    answers: dict[int, bytes] = {}
    for request in requests:
        custodian = manifest.address_of(request.index)
        release = yield from ask_release(doctor.node, custodian, request.encode())
        if release.receipt:
            answers[request.index] = release.receipt + release.sealed
    collected = doctor.reader.collect(manifest, requests, answers)
    find_released_key(manifest, collected)  # refused before a single fragment travels
    fragments = yield from _fragments(doctor.node, manifest)
    result = open_released(manifest, collected, fragments, profile=ward.profile)
    salt, record = open_ready(result.record)
    if commitment(salt, body_of(record)) != entry.content.commitment:
        raise CommitmentError(f"entry of {entry.time_s}")
    return record, len(collected.receipts)


def _fragments(node: Address, manifest: Manifest) -> Flow[tuple[bytes, ...]]:
    needed = manifest.header.needed
    cids = tuple(fragment.cid for fragment in manifest.fragments[:needed])
    return (yield from fetch(node, cids, manifest.custodians[:needed]))
