"""Workflow 9, ``refresh_epoch``: a patient moves the shares of records to the next epoch.

What was stolen before, an essential share or shares of fewer than t-1 custodians, fits nothing
that is released or stored afterwards.  It does nothing against a record that was opened, nor
against t-1 custodians who keep what they should have destroyed.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from node.base.ports import Entropy
from node.base.types import Address
from node.contracts.pmr_entries import EntryKind
from node.workflows.asking import send_renewal, view
from node.workflows.custodians import custody_keys
from node.workflows.custody_facts import seated
from node.workflows.lending import finish_letters, follow_epochs, named_deals, send_letters
from node.workflows.requests import Flow
from node.workflows.transacting import transact
from node.workflows.ward import Patient, Ward


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh leaves."""

    epochs: dict[bytes, int]
    """The new epoch by deal; none of a deal that no final entry names."""
    taken: int
    """Letters that custodians took."""


def refresh_epoch(
    ward: Ward,
    patient: Patient,
    deals: Iterable[bytes],
    entropy: Entropy,
    *,
    without: frozenset[Address] = frozenset(),
) -> Flow[Refreshed]:
    """Renew the steps of deals at their custodians, and make the first one at once.

    ``without``   custodians that get no letter: they stay behind.
    The ledger is told the new epoch of each study that a lab has filed.

    raises        CustodiansMissingError: fewer than t-1 custodians of a deal have stepped; the
                  same letters go out again with the next refresh or grant.
    """
    epochs: dict[bytes, int] = {}
    taken = 0
    for deal_id in (yield from named_deals(ward, patient, deals)):
        yield from finish_letters(ward, patient, deal_id, is_renewed=True)
        yield from follow_epochs(ward, patient, deal_id)
        manifest = yield from seated(ward, patient.node, patient.wallet.manifest(deal_id))
        keys = yield from custody_keys(ward, patient.node, manifest)
        left_out = frozenset(
            index for index, one in enumerate(manifest.custodians, start=1) if one in without
        )
        letters = patient.wallet.renew(deal_id, keys, entropy, without=left_out)
        patient.renewing[deal_id] = letters
        taken += yield from send_letters(
            manifest,
            letters,
            lambda custodian, letter: send_renewal(patient.node, custodian, letter),
            "take a renewal",
        )
        del patient.renewing[deal_id]
        epochs[deal_id] = patient.wallet.epoch(deal_id)
        yield from _tell_study(ward, patient, deal_id)
    return Refreshed(epochs, taken)


def _tell_study(ward: Ward, patient: Patient, deal_id: bytes) -> Flow[None]:
    """Post the epoch of a study that a lab filed; what it was rotated to has no order."""
    pmr_id = int.from_bytes(patient.wallet.manifest(deal_id).header.pmr_id)
    entries = yield from view(patient.node, ward.contracts.pmr.entries(pmr_id))
    labs, manifest = ward.contracts.labs, patient.manifests[deal_id]
    for index, entry in enumerate(entries):
        if entry.kind is EntryKind.LAB and entry.content.cid == manifest:
            data = labs.refresh(pmr_id, index, patient.wallet.epoch(deal_id))
            yield from transact(ward, patient.node, patient.signer, labs.address, data)
