"""Workflow 3: who lost the wallet gets a new account, and all records with it.

A guardian starts, a hospital confirms, and the old key has the waiting time to object.  Then the
shares of the old master come together at the new account, and every deal moves to the new one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from node.base.keys import PrivateKey
from node.base.ports import Entropy
from node.base.types import Address, Cid
from node.contracts.patient_registry import RecoveryConfirmed
from node.contracts.pmr_token import PmrToken
from node.privacy.wallet import Wallet
from node.privacy.wallet_deals import RestoredDeal
from node.sss.commitments import Manifest
from node.sss.recovery import combine_master, master_deal_id
from node.workflows.asking import await_final_time, entrust_share, reclaim_share, view
from node.workflows.custodian_errors import CustodiansMissingError
from node.workflows.custody_facts import (
    current_cid,
    fetch_manifest,
    posted_epochs,
    reached_epoch,
    seated,
)
from node.workflows.errors import (
    CustodianRefusedError,
    CustodianSilentError,
)
from node.workflows.lending import record_deals
from node.workflows.refresh import Refreshed, refresh_epoch
from node.workflows.requests import Flow
from node.workflows.transacting import event_of, transact
from node.workflows.ward import Guardian, Hospital, KeptShare, Patient, Ward

NEEDED: Final = 2
"""Shares of a master that rebuild it: the guardian's and one hospital's."""


@dataclass(frozen=True, slots=True)
class GuardianNamed:
    """What ``set_guardian`` leaves."""

    guardian: Address
    holders: tuple[Address, ...]
    """Hospitals that keep a share."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a recovery leaves."""

    old: Address
    new: Address
    tokens: tuple[int, ...]
    """PMR-IDs that moved."""
    refreshed: Refreshed


@dataclass(frozen=True, slots=True)
class FreshAccount:
    """Keys and an empty wallet that a patient has not used before."""

    signer: PrivateKey
    wallet: Wallet


def set_guardian(
    ward: Ward,
    patient: Patient,
    guardian: Guardian,
    hospitals: Sequence[Hospital],
    entropy: Entropy,
) -> Flow[GuardianNamed]:
    """Name a guardian, and share the wallet's master among the guardian and hospitals.

    raises        ContractRevertError: PatientUnknown, ...
                  CustodiansMissingError: no hospital keeps a share.
    """
    registry = ward.contracts.patients
    data = registry.set_guardian(guardian.signer.address)
    yield from transact(ward, patient.node, patient.signer, registry.address, data)
    own, *others = patient.wallet.split_master(
        needed=NEEDED, holders=1 + len(hospitals), entropy=entropy, epoch=patient.splits
    )
    patient.splits += 1
    kept: list[Address] = []
    faults: list[tuple[int, str]] = []
    for share, hospital in zip(others, hospitals, strict=True):
        account = hospital.signer.address
        found = yield from view(patient.node, ward.contracts.hospitals.hospital(account))
        sealed = patient.wallet.entrust(share, found.custody_key, entropy)
        try:
            yield from entrust_share(patient.node, account, patient.wallet.address, sealed)
        except (CustodianSilentError, CustodianRefusedError) as error:
            faults.append((share.index, str(error)))
        else:
            kept.append(account)
    if not kept:
        raise CustodiansMissingError(
            "keep a share of the master", own.deal_id, 0, NEEDED - 1, tuple(faults)
        )
    account = patient.wallet.address
    guardian.kept[patient.patient_id] = KeptShare(account, own, tuple(kept))
    return GuardianNamed(guardian.signer.address, tuple(kept))


def cancel_recovery(ward: Ward, patient: Patient) -> Flow[None]:
    """Object to a recovery, with the account that it would replace.

    raises        ContractRevertError: RecoveryUnknown, RecoveryOver.
    """
    registry = ward.contracts.patients
    data = registry.cancel_recovery()
    yield from transact(ward, patient.node, patient.signer, registry.address, data)


def recover_key(
    ward: Ward,
    patient: Patient,
    guardian: Guardian,
    *,
    hospital: Hospital,
    fresh: FreshAccount,
    entropy: Entropy,
) -> Flow[Recovered]:
    """Move a patient to a fresh account, rebuild the old master, and refresh every record.

    Asked again with the same fresh account, it goes on where it was cut off.

    ``hospital``  confirms who the patient is.

    raises        ContractRevertError: NotGuardian, RecoveryUnknown (the old key objected), ...
                  CustodiansMissingError: too few shares of the master, or custodians, answered.
    """
    registered = ward.contracts.patients.account_of(patient.patient_id)
    old = yield from view(guardian.node, registered)
    kept = guardian.kept.get(patient.patient_id)
    claimed: tuple[int, ...] = ()
    if kept is not None and old == fresh.wallet.address:
        old = kept.account  # an earlier try has come so far
        claimed = yield from _tokens_of(
            ward, guardian.node, patient.patient_id, fresh.wallet.address
        )
    else:
        yield from _move_account(ward, patient, guardian, hospital, fresh)
        _begin_anew(patient, fresh)
    left = yield from _tokens_of(ward, guardian.node, patient.patient_id, old)
    tokens = (*claimed, *left)
    pmr = ward.contracts.pmr
    for pmr_id in left:
        claim = pmr.claim(pmr_id)
        yield from transact(ward, hospital.node, hospital.signer, pmr.address, claim)
    master = yield from _reclaim_master(ward, patient, guardian, old)
    deals, cids = yield from _deals_of(ward, patient.node, tokens)
    for deal, cid in zip(deals, cids, strict=True):
        # one that is here may have moved on already, to an e of the new master
        if Manifest.decode(deal.manifest).header.deal_id() not in patient.wallet.deals:
            (restored,) = patient.wallet.restore(master, (deal,))
            patient.manifests[restored] = cid
    refreshed = yield from refresh_epoch(ward, patient, record_deals(patient), entropy)
    guardian.kept.pop(patient.patient_id, None)  # of a master that nothing follows from any more
    return Recovered(old, fresh.wallet.address, tokens, refreshed)


def _begin_anew(patient: Patient, fresh: FreshAccount) -> None:
    """Let a patient act by a fresh account, and forget what the old one had in hand."""
    patient.signer, patient.wallet = fresh.signer, fresh.wallet
    patient.splits = 0
    patient.manifests.clear()
    patient.granted.clear()
    patient.lent.clear()
    patient.renewing.clear()
    patient.depositing.clear()


def _move_account(
    ward: Ward, patient: Patient, guardian: Guardian, hospital: Hospital, fresh: FreshAccount
) -> Flow[None]:
    """Start, confirm, wait, finish: the registry has the new account afterwards."""
    registry, node = ward.contracts.patients, guardian.node
    start = registry.start_recovery(
        patient.patient_id,
        new_account=fresh.wallet.address,
        new_key=fresh.wallet.sealing_public,
    )
    yield from transact(ward, node, guardian.signer, registry.address, start)
    confirm = registry.confirm_recovery(
        patient.patient_id,
        new_account=fresh.wallet.address,
        new_key=fresh.wallet.sealing_public,
    )
    done = yield from transact(ward, hospital.node, hospital.signer, registry.address, confirm)
    confirmed = event_of(done, registry.address, RecoveryConfirmed)
    assert isinstance(confirmed, RecoveryConfirmed)
    yield from await_final_time(node, confirmed.ready_at)
    finish = registry.finish_recovery(patient.patient_id)
    yield from transact(ward, node, guardian.signer, registry.address, finish)


def _tokens_of(ward: Ward, node: Address, patient_id: int, owner: Address) -> Flow[tuple[int, ...]]:
    """Give the records of a patient that an account owns."""
    pmr = ward.contracts.pmr
    tokens: list[int] = []
    if isinstance(pmr, PmrToken):
        count = yield from view(node, pmr.balance_of(owner))
        for place in range(count):
            token = yield from view(node, pmr.token_of_owner_by_index(owner, place))
            tokens.append(token)
        return tuple(tokens)
    count = yield from view(node, pmr.visit_count(patient_id))
    for place in range(count):
        token = yield from view(node, pmr.visit_at(patient_id, place))
        holder = yield from view(node, pmr.owner_of(token))
        tokens += [token] * (holder == owner)
    return tuple(tokens)


def _reclaim_master(ward: Ward, patient: Patient, guardian: Guardian, old: Address) -> Flow[bytes]:
    """Bring the guardian's share and one of a hospital together."""
    kept = guardian.kept.get(patient.patient_id)
    shares = [] if kept is None or kept.account != old else [kept.share]
    faults: list[tuple[int, str]] = [] if shares else [(1, "the guardian keeps none")]
    for place, hospital in enumerate(() if kept is None else kept.hospitals, start=2):
        if len(shares) == NEEDED:
            break
        try:
            sealed = yield from reclaim_share(patient.node, hospital, old)
        except (CustodianSilentError, CustodianRefusedError) as error:
            faults.append((place, str(error)))
        else:
            shares.append(patient.wallet.reclaimed(old, sealed))
    if len(shares) < NEEDED:
        deal_id = master_deal_id(ward.chain_id, old)
        raise CustodiansMissingError(
            "give back a share of the master", deal_id, len(shares), NEEDED, tuple(faults)
        )
    return combine_master([share.encode() for share in shares], chain_id=ward.chain_id, patient=old)


def _deals_of(
    ward: Ward, node: Address, tokens: Sequence[int]
) -> Flow[tuple[list[RestoredDeal], list[Cid]]]:
    """Give what the ledger says of all deals of records, and the names of their manifests."""
    deals: list[RestoredDeal] = []
    cids: list[Cid] = []
    for pmr_id in tokens:
        entries = yield from view(node, ward.contracts.pmr.entries(pmr_id))
        for index, entry in enumerate(entries):
            cid = yield from current_cid(ward, node, pmr_id, index, entry)
            manifest = yield from fetch_manifest(ward, node, cid)
            now = yield from seated(ward, node, manifest)
            epochs = yield from posted_epochs(ward, node, now)
            reached = reached_epoch(epochs, manifest.header.needed)
            deals.append(RestoredDeal(manifest.encode(), reached))
            cids.append(cid)
    return deals, cids
