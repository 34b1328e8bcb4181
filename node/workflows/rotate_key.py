"""Workflow 9, ``rotate_key``: the hard way to revoke, a new generation of a record.

New key, nonce, fragments and custodians; the old fragments and shares are erased when the ledger
names the new manifest.  A reader who kept the old key finds nothing to open with it, unless the
old ciphertext was copied too.
"""

from dataclasses import dataclass

from node.base.ports import Entropy
from node.base.types import Hash32
from node.sss.commitments import Manifest
from node.workflows.asking import final_block, view
from node.workflows.dealing import Filed, file_again
from node.workflows.lending import lend_deal
from node.workflows.own_grants import hear_verdicts
from node.workflows.own_record import read_own
from node.workflows.requests import Flow
from node.workflows.transacting import transact
from node.workflows.ward import Patient, Ward


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation leaves."""

    filed: Filed
    generation: int
    deposits: int
    """Letters that custodians keep for grants that go on."""


def rotate_key(
    ward: Ward, patient: Patient, deal_id: bytes, entropy: Entropy, *, without: bytes | None
) -> Flow[Rotated]:
    """Deal an own record again and have the old generation erased.

    ``without``   the grant that gets no deposit for the new generation.
    raises        what ``read_own`` and ``file_again`` raise: nothing has changed then.
                  ContractRevertError: GenerationNotNext, ...
                  CustodiansMissingError: too few keep a deposit for a grant that goes on.
    """
    own = yield from read_own(ward, patient, deal_id, entropy)
    before = patient.wallet.manifest(deal_id)
    custody = ward.contracts.custody
    known = yield from view(patient.node, custody.rotation_of(own.pmr_id, own.index))
    _forget_unnamed(patient, before)
    filed = yield from file_again(ward, patient, own.sealable, before, entropy)
    data = custody.rotate(
        own.pmr_id, own.index, generation=known.generation + 1, manifest=filed.content.cid
    )
    yield from transact(ward, patient.node, patient.signer, custody.address, data)
    patient.forget(deal_id)
    yield from hear_verdicts(ward, patient, patient.granted)
    final = yield from final_block(patient.node)
    kept = 0
    for grant_id, given in tuple(patient.granted.items()):
        covers = given.pmr_id in (0, own.pmr_id) and final.timestamp < given.ends_s
        if covers and grant_id != without:
            grant = Hash32(grant_id)
            kept += yield from lend_deal(ward, patient, grant, filed.deal_id, entropy)
    return Rotated(filed, known.generation + 1, kept)


def _forget_unnamed(patient: Patient, before: Manifest) -> None:
    """Drop the next generation that an earlier try has dealt and no entry has come to name."""
    old = before.header
    for deal_id in patient.wallet.deals:
        header = patient.wallet.manifest(deal_id).header
        is_same = (header.pmr_id, header.record_version) == (old.pmr_id, old.record_version)
        if is_same and header.generation == old.generation + 1:
            patient.forget(deal_id)
