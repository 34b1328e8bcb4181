"""A record's share passes from a custodian who leaves to another, at the same index.

t-1 of the others compute it for the newcomer, and none of them learns it; then a renewal moves
all of them on, and what the leaver kept lies on a polynomial of its own.
"""

from dataclasses import dataclass
from typing import Final

from node.base.keys import PrivateKey
from node.base.ports import Entropy
from node.base.types import Address
from node.privacy.release_messages import Head, Status
from node.sss.commitments import Manifest
from node.workflows.asking import ask_release, await_final_time, final_block
from node.workflows.custodian_errors import CustodiansMissingError
from node.workflows.custodians import HEAD_LAG
from node.workflows.custody_facts import seated
from node.workflows.errors import ContractRevertError, CustodianSilentError
from node.workflows.refresh import Refreshed, refresh_epoch
from node.workflows.requests import Flow
from node.workflows.transacting import transact
from node.workflows.ward import Patient, Regulator, Ward

REPAIR_PERIODS_MAX: Final = 40
"""How long a newcomer may take to get its share, in block periods."""
_STATUS_AT: Final = 6
_HAS_SHARE: Final = frozenset({Status.RELEASED, Status.WRONG_EPOCH})


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a replacement leaves."""

    deal_id: bytes
    index: int
    newcomer: Address
    refreshed: Refreshed | None
    """None: the authority acted, and the patient has yet to refresh."""


def replace_custodian(
    ward: Ward,
    patient: Patient,
    deal_id: bytes,
    *,
    leaver: Address,
    newcomer: Address,
    entropy: Entropy,
) -> Flow[Replaced]:
    """Hand a seat over as the record's patient, wait for the newcomer's share, and refresh.

    raises        ContractRevertError: SeatUnknown, the leaver holds nothing of it; SeatTaken, the
                  newcomer holds another share of it; ...
                  CustodiansMissingError: the share is not there in its time, or too few took the
                  renewal.
    """
    dealt = patient.wallet.manifest(deal_id)
    index = yield from _name_newcomer(ward, patient.node, patient.signer, dealt, (leaver, newcomer))
    yield from _await_share(ward, patient, deal_id, index=index, newcomer=newcomer, entropy=entropy)
    refreshed = yield from refresh_epoch(ward, patient, (deal_id,), entropy)
    return Replaced(deal_id, index, newcomer, refreshed)


def replace_by_authority(
    ward: Ward, member: Regulator, dealt: Manifest, leaver: Address, newcomer: Address
) -> Flow[Replaced]:
    """Hand over the seat of a hospital that is none any more, as a member of the authority.

    raises        ContractRevertError: the leaver is an active hospital, ...
    """
    index = yield from _name_newcomer(ward, member.node, member.signer, dealt, (leaver, newcomer))
    return Replaced(dealt.header.deal_id(), index, newcomer, None)


def _name_newcomer(
    ward: Ward,
    node: Address,
    signer: PrivateKey,
    dealt: Manifest,
    hands: tuple[Address, Address],
) -> Flow[int]:
    leaver, newcomer = hands
    manifest = yield from seated(ward, node, dealt)
    if leaver not in manifest.custodians:
        raise ContractRevertError("SeatUnknown", (leaver,))
    if newcomer != leaver and newcomer in manifest.custodians:
        raise ContractRevertError("SeatTaken", (newcomer,))
    index = manifest.custodians.index(leaver) + 1
    custody = ward.contracts.custody
    data = custody.replace_custodian(
        dealt.header.deal_id(),
        pmr_id=int.from_bytes(dealt.header.pmr_id),
        index=index,
        old=leaver,
        new=newcomer,
    )
    yield from transact(ward, node, signer, custody.address, data)
    return index


def _await_share(
    ward: Ward,
    patient: Patient,
    deal_id: bytes,
    *,
    index: int,
    newcomer: Address,
    entropy: Entropy,
) -> Flow[None]:
    """Ask the newcomer for its share until it has one: an owner may."""
    why = "it was never asked"
    for _ in range(REPAIR_PERIODS_MAX // 2):
        final = yield from final_block(patient.node, back=HEAD_LAG)
        (request,) = patient.wallet.owner_requests(
            deal_id,
            head=Head(final.number, final.hash, final.timestamp),
            indices=(index,),
            entropy=entropy,
        )
        try:
            release = yield from ask_release(patient.node, newcomer, request.encode())
        except CustodianSilentError as error:
            why = str(error)
        else:
            if release.receipt and Status(release.receipt[_STATUS_AT]) in _HAS_SHARE:
                return
            why = "it holds no share yet"
        final = yield from final_block(patient.node)
        yield from await_final_time(patient.node, final.timestamp + 2 * ward.period_s)
    raise CustodiansMissingError("hold a repaired share", deal_id, 0, 1, ((index, why),))
