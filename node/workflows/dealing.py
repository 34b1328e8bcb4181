"""How any record leaves the room it was made in: encrypted, split, handed to custodians.

Fragments and the manifest lie on the custodians' block stores, each custodian holds one share of
the key, and the essential share comes from the patient's wallet (secret-sharing.md section 6).
"""

from dataclasses import dataclass
from typing import Final

from node.base.limits import CUSTODIAN_SHARES_COUNT_MAX
from node.base.ports import Entropy
from node.base.types import Address, Cid, Hash32
from node.contracts.cids import Content
from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.cid import multihash_of
from node.ipfs_lite.placement import place
from node.ipfs_lite.unixfs_write import write_bytes
from node.privacy.handover import seal_share
from node.privacy.record import Record, body_of, commitment, seal_ready
from node.sss.commitments import Manifest
from node.sss.derivation import EssentialContext
from node.sss.ssms import deal
from node.sss.terms import DealTerms
from node.workflows.asking import drop, hand_share, put, view
from node.workflows.requests import Flow
from node.workflows.ward import Patient, Ward

SALT_BYTES: Final = 32
REGISTRATION_PMR_ID: Final = 0
"""Deals of the desk's own records about a patient stand under no PMR."""
UNWRITTEN: Final = Content(Hash32(b"\x01" * 32), Cid(b"\x01\x55\x12\x20" + b"\x01" * 32))
"""Content that a call is tried with before there is any: what a contract refuses for another
reason is refused before a record is sealed and handed out."""


@dataclass(frozen=True, slots=True)
class Filed:
    """A record that custodians keep now."""

    content: Content
    """What the ledger gets: the commitment, and the CID of the manifest."""
    deal_id: Hash32
    custodians: tuple[Address, ...]
    """Who holds index 1, 2, ..."""
    manifest: Manifest
    """As it was dealt: custodians and digests of the first epoch."""


@dataclass(frozen=True, slots=True)
class Sealable:
    """A record and the salt of its commitment: what a deal encrypts."""

    record: Record
    salt: bytes


def file_record(
    ward: Ward,
    patient: Patient,
    record: Record,
    *,
    node: Address,
    dealer: Address,
    pmr_id: int,
    entropy: Entropy,
) -> Flow[Filed]:
    """Seal a record under the patient's essential share, and hand its parts to the custodians.

    The wallet derives that share and tells it to the dealer, who forgets it: so one master, and
    its recovery, is enough for all records of a patient.

    ``node``      where the record was made; it keeps nothing but its own share.

    Returns when every custodian keeps share, manifest and fragment; only then is anything said to
    the ledger, so a failure on the way leaves no trace there.

    raises        PlacementInfeasibleError: fewer than n-1 Verified hospitals.
                  RecordError: the record cannot be.
    In both cases nothing was stored.
    """
    terms = DealTerms(
        chain_id=ward.chain_id,
        pmr_id=pmr_id.to_bytes(32),
        record_version=patient.next_version(pmr_id),
        generation=0,
        dealer=dealer,
        t=ward.sharing.t,
        n=ward.sharing.n,
    )
    sealable = Sealable(record, entropy.take(SALT_BYTES))
    return (yield from _deal_out(ward, patient, sealable, terms, node=node, entropy=entropy))


def file_again(
    ward: Ward, patient: Patient, sealable: Sealable, before: Manifest, entropy: Entropy
) -> Flow[Filed]:
    """Deal a record in its next generation: new key, fragments and custodians, by its patient.

    The salt stays, so the commitment of the entry on the ledger holds for this generation too.

    raises        PlacementInfeasibleError: fewer than n-1 Verified hospitals.
    """
    node = patient.node
    header = before.header
    terms = DealTerms(
        chain_id=ward.chain_id,
        pmr_id=header.pmr_id,
        record_version=header.record_version,
        generation=header.generation + 1,
        dealer=patient.signer.address,
        t=header.t,
        n=header.n,
    )
    return (yield from _deal_out(ward, patient, sealable, terms, node=node, entropy=entropy))


def _deal_out(
    ward: Ward,
    patient: Patient,
    sealable: Sealable,
    terms: DealTerms,
    *,
    node: Address,
    entropy: Entropy,
) -> Flow[Filed]:
    """Seal and split a record on ``node``, and hand its parts to custodians."""
    keys = yield from _custody_keys(ward, node)
    record, salt = sealable.record, sealable.salt
    dealt = deal(
        seal_ready(record, salt),
        terms,
        entropy=entropy,
        seeds=ward.seeds,
        profile=ward.profile,
        derived=patient.wallet.essential_secret(_first_context(terms)),
    )
    cids = [write_bytes(fragment, _nowhere).cid for fragment in dealt.fragments]
    holders = _placed(cids, tuple(keys))
    for fragment, holder in zip(dealt.fragments, holders, strict=True):
        yield from put(node, fragment, BlockClass.SEALED, (holder,))
    listed = dealt.manifest(holders, cids)
    manifest = listed.encode()
    manifest_cid = yield from put(node, manifest, BlockClass.PUBLIC)
    deal_id = Hash32(dealt.header.deal_id())
    for holder, share in zip(holders, dealt.custodians, strict=True):
        sealed = seal_share(share, keys[holder], entropy)
        yield from hand_share(node, holder, deal_id, manifest, sealed)
    for holder, cid in zip(holders, cids, strict=True):
        if holder != node:
            yield from drop(node, cid)
    patient.wallet.accept(manifest)
    patient.manifests[deal_id] = manifest_cid
    content = Content(commitment(salt, body_of(record)), manifest_cid)
    return Filed(content, deal_id, tuple(holders), listed)


def _first_context(terms: DealTerms) -> EssentialContext:
    return EssentialContext(
        terms.chain_id, terms.pmr_id, terms.record_version, terms.generation, epoch=0
    )


def _custody_keys(ward: Ward, node: Address) -> Flow[dict[Address, bytes]]:
    """Give the custody keys of the Verified hospitals, in the order of their addresses."""
    keys: dict[Address, bytes] = {}
    for account in sorted(hospital.signer.address for hospital in ward.hospitals):
        found = yield from view(node, ward.contracts.hospitals.hospital(account))
        if found.is_verified:
            keys[account] = found.custody_key
    return keys


def _nowhere(_cid: Cid, _block: bytes) -> None:
    """Keep no block: only the name of the file is wanted."""


def _placed(cids: list[Cid], custodians: tuple[Address, ...]) -> list[Address]:
    shares = [multihash_of(cid) for cid in cids]
    placement = place(shares, custodians, replicas=1, cap=CUSTODIAN_SHARES_COUNT_MAX)
    return [Address(holders[0]) for holders in placement]
