"""Workflows 7 and 8: a grantee reads a record, and another practitioner adds an opinion."""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from node.base.keccak import keccak256
from node.base.ports import Entropy
from node.base.types import Address
from node.contracts.pmr_entries import Entry
from node.privacy.grantee import Collected, find_released_key, open_released
from node.privacy.record import Diagnosis, PmrEntry, Record, body_of, commitment, open_ready
from node.privacy.release_errors import GrantNotActiveError
from node.privacy.release_messages import Head, Request, Status
from node.sss.commitments import Manifest
from node.sss.record_key import FoundKey
from node.workflows.asking import final_block, view
from node.workflows.consult import Visit, write_entry
from node.workflows.custodians import ask_custodians
from node.workflows.custody_facts import current_cid, fetch_manifest, seated
from node.workflows.errors import CommitmentError, ContractRevertError, NoGrantError
from node.workflows.fragments import gather, let_go
from node.workflows.readings_check import check_readings
from node.workflows.requests import Flow
from node.workflows.transacting import send
from node.workflows.ward import Doctor, HeldGrant, Patient, Recipient, Ward

OPINION: Final = "Findings reviewed; agrees with the provisional diagnosis."
LIED: Final = "the share that it released does not fit the others"
_NOT_COVERED: Final = frozenset({Status.OUT_OF_SCOPE.name, Status.NO_DEPOSIT.name})
"""Refusals of a single entry: of a section that was not granted, or filed after the grant."""


@dataclass(frozen=True, slots=True)
class ReadEntry:
    """One entry that was opened and found to be what the ledger commits to."""

    index: int
    record: Record
    is_marked: bool = False
    """An amendment stands for it."""
    about: int | None = None
    """The entry that it amends, refuses to amend, or disagrees about."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A custodian whose share or fragment of an entry was wrong or missing, and why."""

    entry: int
    custodian: Address
    why: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading leaves."""

    pmr_id: int
    entries: tuple[ReadEntry, ...]
    receipts: int
    """Signed answers of custodians, refusals of opened entries included."""
    not_covered: tuple[tuple[int, str], ...]
    """Entries that the grant does not cover, and what custodians said of them."""
    suspects: tuple[Suspect, ...]


@dataclass(frozen=True, slots=True)
class Opinion(Visit):
    """A second opinion, and the reading that it stands on."""

    reading: Reading


@dataclass(frozen=True, slots=True)
class _Opened:
    record: Record
    receipts: int
    suspects: tuple[Suspect, ...]


def read_record(ward: Ward, reader: Recipient, pmr_id: int, entropy: Entropy) -> Flow[Reading]:
    """Open the entries of a PMR under the grants that the reader was told of, newest first.

    Entries that no grant covers are named and left out, unless that is all of them.

    raises        NoGrantError: the reader was told of none.
                  GrantNotActiveError(status): too few custodians released; the status is that
                  of the newest grant.
                  CommitmentError: what came out is not what the ledger commits to.
                  FetchFailedError, FragmentsMissingError: the manifest, or too many fragments,
                  are not to be had.
                  ShareMissingError, WrongKeyError: too few custodians answered, or told the truth.
    """
    grants = yield from _grants(reader, pmr_id)
    entries = yield from view(reader.node, ward.contracts.pmr.entries(pmr_id))
    opened: list[ReadEntry] = []
    refused: list[tuple[int, GrantNotActiveError]] = []
    suspects: list[Suspect] = []
    receipts = 0
    for index, entry in enumerate(entries):
        try:
            found = yield from _open(ward, reader, grants, (pmr_id, index, entry), entropy)
        except GrantNotActiveError as error:
            if error.status not in _NOT_COVERED:
                raise
            refused.append((index, error))
            continue
        opened.append(ReadEntry(index, found.record, entry.is_marked, entry.about))
        suspects += found.suspects
        receipts += found.receipts
    if refused and not opened:
        raise refused[0][1]
    not_covered = tuple((index, error.status) for index, error in refused)
    return Reading(pmr_id, tuple(opened), receipts, not_covered, tuple(suspects))


def second_opinion(
    ward: Ward, doctor: Doctor, patient: Patient, pmr_id: int, entropy: Entropy
) -> Flow[Opinion]:
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
    visit = yield from write_entry(
        ward, doctor, patient, entry, pmr_id, second=True, entropy=entropy
    )
    return Opinion(visit.pmr_id, visit.entry_index, visit.patient, visit.filed, reading)


def _grants(reader: Recipient, pmr_id: int) -> Flow[list[HeldGrant]]:
    """Give the grants for a record that have not ended, newest first; else the newest of all."""
    held = [one for one in reversed(reader.grants) if one.pmr_id in (0, pmr_id)]
    if not held:
        raise NoGrantError(reader.name, pmr_id)
    final = yield from final_block(reader.node)
    return [one for one in held if final.timestamp < one.valid_until_s] or held[:1]


def _open(
    ward: Ward,
    reader: Recipient,
    grants: list[HeldGrant],
    place: tuple[int, int, Entry],
    entropy: Entropy,
) -> Flow[_Opened]:
    pmr_id, index, entry = place
    cid = yield from current_cid(ward, reader.node, pmr_id, index, entry)
    dealt = yield from fetch_manifest(ward, reader.node, cid)
    manifest = yield from seated(ward, reader.node, dealt)
    collected, found = yield from _ask_all(ward, reader, manifest, grants, entropy)
    gathered = yield from gather(reader.node, manifest)
    yield from let_go(reader.node, manifest, gathered)
    for liar in found.liars:
        yield from _complain(ward, reader, manifest, collected, liar)
    result = open_released(dealt, collected, gathered.fragments, profile=ward.profile)
    salt, record = open_ready(result.record)
    if commitment(salt, body_of(record)) != entry.content.commitment:
        raise CommitmentError(f"entry {index} of PMR {pmr_id}")
    yield from check_readings(ward, reader.node, record, pmr_id=pmr_id, index=index)
    faults = [*collected.faults.items(), *((x, LIED) for x in found.liars), *gathered.faults]
    suspects = tuple(Suspect(index, manifest.address_of(x), why) for x, why in faults)
    return _Opened(record, len(collected.receipts), suspects)


def _ask_all(
    ward: Ward, reader: Recipient, manifest: Manifest, grants: list[HeldGrant], entropy: Entropy
) -> Flow[tuple[Collected, FoundKey]]:
    """Find the key under the first grant that custodians honour, before a fragment travels."""
    refusals: list[GrantNotActiveError] = []
    for held in grants:
        collected = yield from _collect(ward, reader, manifest, held, entropy)
        try:
            return collected, find_released_key(manifest, collected)
        except GrantNotActiveError as error:
            refusals.append(error)
    raise refusals[0]


def _collect(
    ward: Ward, reader: Recipient, manifest: Manifest, held: HeldGrant, entropy: Entropy
) -> Flow[Collected]:
    """Ask every custodian of a record for its share; who is silent is a fault with its cause."""

    def ask(index: int, epoch: int, head: Head) -> Request:
        (request,) = reader.reader.requests(
            manifest,
            grant_id=held.grant_id,
            head=head,
            indices=(index,),
            entropy=entropy,
            epoch=epoch,
        )
        return request

    answers = yield from ask_custodians(ward, reader.node, manifest, ask)
    collected = reader.reader.collect(manifest, answers.requests, answers.by_index)
    return replace(collected, faults={**collected.faults, **dict(answers.silent)})


def _complain(
    ward: Ward, reader: Recipient, manifest: Manifest, collected: Collected, index: int
) -> Flow[None]:
    """Report a custodian that released a share which does not fit: its receipt is signed.

    Whether the ledger takes the complaint does not matter to who reads: it ends here.
    """
    receipt = collected.receipts[index]
    custody = ward.contracts.custody
    data = custody.complain(
        manifest.header.deal_id(),
        index=index,
        custodian=manifest.address_of(index),
        receipt_id=receipt.receipt_id(),
        evidence=keccak256(receipt.encode() + collected.points[index]),
    )
    with suppress(ContractRevertError):
        yield from send(ward, reader.node, reader.signer, custody.address, data)
