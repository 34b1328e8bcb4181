"""What the ledger says of a record's shares now: its manifest, who holds them, in which epoch."""

from dataclasses import replace

from node.base.types import ZERO_ADDRESS, Address, Cid
from node.contracts.pmr_entries import Entry
from node.ipfs_lite.blocks import BlockClass
from node.sss.commitments import Manifest
from node.workflows.asking import fetch, view
from node.workflows.requests import Flow
from node.workflows.ward import Ward


def current_cid(ward: Ward, node: Address, pmr_id: int, index: int, entry: Entry) -> Flow[Cid]:
    """Give the manifest of an entry's newest generation; the entry names the first one."""
    rotation = yield from view(node, ward.contracts.custody.rotation_of(pmr_id, index))
    return entry.content.cid if rotation.manifest is None else rotation.manifest


def fetch_manifest(ward: Ward, node: Address, cid: Cid) -> Flow[Manifest]:
    """Have a manifest on ``node``: any hospital may keep it.

    raises        FetchFailedError.
    """
    holders = tuple(sorted(hospital.signer.address for hospital in ward.hospitals))
    (raw,) = yield from fetch(node, (cid,), holders, BlockClass.PUBLIC)
    return Manifest.decode(raw)


def seated(ward: Ward, node: Address, manifest: Manifest) -> Flow[Manifest]:
    """Give a manifest with the custodians of now: the ledger may have replaced some."""
    pmr_id = int.from_bytes(manifest.header.pmr_id)
    deal_id = manifest.header.deal_id()
    holders: list[Address] = []
    for index, dealt in enumerate(manifest.custodians, start=1):
        question = ward.contracts.custody.seat_of(pmr_id, deal_id, index)
        seat = yield from view(node, question)
        # a replacement that took another for the first holder is about nobody here
        is_replaced = seat.holder != ZERO_ADDRESS and seat.original == dealt
        holders.append(seat.holder if is_replaced else dealt)
    return replace(manifest, custodians=tuple(holders))


def reached_epoch(epochs: tuple[int, ...], needed: int) -> int:
    """Give the epoch that ``needed`` custodians say they have reached: fewer may say anything."""
    return sorted(epochs, reverse=True)[needed - 1]


def posted_epochs(ward: Ward, node: Address, manifest: Manifest) -> Flow[tuple[int, ...]]:
    """Give the newest epoch that each custodian has posted; up to ten blocks behind its own."""
    deal_id = manifest.header.deal_id()
    epochs: list[int] = []
    for custodian in manifest.custodians:
        question = ward.contracts.custody.epoch_of(deal_id, custodian)
        posted = yield from view(node, question)
        epochs.append(max(posted, manifest.epoch))
    return tuple(epochs)
