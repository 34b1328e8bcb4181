"""A patient reads an own record: custodians give shares, the wallet adds the essential one."""

from dataclasses import dataclass

from node.base.ports import Entropy
from node.contracts.pmr_entries import Entry
from node.privacy.grantee import find_released_key, open_released
from node.privacy.record import body_of, commitment, open_ready
from node.privacy.release_messages import Head, Request
from node.workflows.asking import view
from node.workflows.custodians import ask_custodians
from node.workflows.custody_facts import current_cid, seated
from node.workflows.dealing import Sealable
from node.workflows.errors import CommitmentError, ContractRevertError
from node.workflows.fragments import gather, let_go
from node.workflows.readings_check import check_readings
from node.workflows.requests import Flow
from node.workflows.ward import Patient, Ward


@dataclass(frozen=True, slots=True)
class OwnReading:
    """An own record that was opened and found to be what the ledger commits to."""

    pmr_id: int
    index: int
    """Of its entry."""
    sealable: Sealable
    receipts: int


def read_own(ward: Ward, patient: Patient, deal_id: bytes, entropy: Entropy) -> Flow[OwnReading]:
    """Open one deal of the wallet.

    raises        UnknownDealError: the wallet does not hold it.
                  ContractRevertError: EntryMissing, no entry names it.
                  GrantNotActiveError, ShareMissingError, WrongKeyError: too few custodians gave
                  shares of one epoch.
                  FragmentsMissingError.  CommitmentError: it is not what the ledger commits to.
    """
    dealt = patient.wallet.manifest(deal_id)
    pmr_id = int.from_bytes(dealt.header.pmr_id)
    index, entry = yield from _entry_of(ward, patient, pmr_id, deal_id)
    manifest = yield from seated(ward, patient.node, dealt)

    def ask(at: int, epoch: int, head: Head) -> Request:
        (request,) = patient.wallet.owner_requests(
            deal_id, head=head, indices=(at,), entropy=entropy, epoch=epoch
        )
        return request

    answers = yield from ask_custodians(ward, patient.node, manifest, ask)
    collected = patient.wallet.combine_owner(
        deal_id, answers.requests, answers.by_index, custodians=manifest.custodians
    )
    find_released_key(manifest, collected)  # before a fragment travels
    gathered = yield from gather(patient.node, manifest)
    yield from let_go(patient.node, manifest, gathered)
    result = open_released(dealt, collected, gathered.fragments, profile=ward.profile)
    salt, record = open_ready(result.record)
    if commitment(salt, body_of(record)) != entry.content.commitment:
        raise CommitmentError(f"entry {index} of PMR {pmr_id}")
    yield from check_readings(ward, patient.node, record, pmr_id=pmr_id, index=index)
    return OwnReading(pmr_id, index, Sealable(record, salt), len(collected.receipts))


def _entry_of(ward: Ward, patient: Patient, pmr_id: int, deal_id: bytes) -> Flow[tuple[int, Entry]]:
    """Find the entry whose newest generation a deal is."""
    entries = yield from view(patient.node, ward.contracts.pmr.entries(pmr_id))
    for index, entry in enumerate(entries):
        cid = yield from current_cid(ward, patient.node, pmr_id, index, entry)
        if cid == patient.manifests[deal_id]:
            return index, entry
    raise ContractRevertError("EntryMissing", (pmr_id,))
