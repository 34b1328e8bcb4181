"""Typed questions to a node: each one yields a request and checks the kind of its answer."""

from datetime import UTC, date, datetime
from typing import TypeVar

from node.base.errors import CallRevertedError
from node.base.types import ZERO_ADDRESS, Address, Cid, Hash32
from node.contracts.abi import View
from node.ipfs_lite.blocks import BlockClass
from node.privacy.deposits import DepositLetter
from node.privacy.renewals import RenewalLetter
from node.workflows.errors import ContractRevertError
from node.workflows.requests import (
    Ask,
    AskRelease,
    AwaitFinalTime,
    AwaitInclusion,
    Call,
    Drop,
    EntrustShare,
    Fetch,
    Flow,
    HandShare,
    HeadFacts,
    Inclusion,
    LeaveDeposit,
    NextNonce,
    Put,
    ReclaimShare,
    Release,
    Request,
    SendRenewal,
    Submit,
    TakeHead,
    VoteOnKey,
)
from node.workflows.ward import Ward

T = TypeVar("T")


def _ask(node: Address, request: Request, kind: type[T]) -> Flow[T]:
    answer = yield Ask(node, request)
    assert isinstance(answer, kind), f"{type(request).__name__} was answered with {answer!r}"
    return answer


def call(
    node: Address,
    to: Address,
    data: bytes,
    sender: Address = ZERO_ADDRESS,
    *,
    value_wei: int = 0,
) -> Flow[bytes]:
    """Run a call at the head of ``node``.

    raises        ContractRevertError: the contract refuses.
    """
    try:
        return (yield from _ask(node, Call(to, data, sender, value_wei), bytes))
    except CallRevertedError as error:
        raise ContractRevertError.from_data(error.data) from error


def view(node: Address, question: View[T], sender: Address = ZERO_ADDRESS) -> Flow[T]:
    """Ask a contract at the head of ``node``.

    raises        ContractRevertError: the contract refuses.
    """
    data = yield from call(node, question.to, question.data, sender)
    return question.decode(data)


def submit(node: Address, raw: bytes) -> Flow[Hash32]:
    """Put a signed transaction into the pool of ``node``."""
    return Hash32((yield from _ask(node, Submit(raw), bytes)))


def await_inclusion(node: Address, tx_hash: Hash32, *, final: bool) -> Flow[Inclusion]:
    """Wait for a transaction."""
    return (yield from _ask(node, AwaitInclusion(tx_hash, final), Inclusion))


def next_nonce(node: Address, sender: Address) -> Flow[int]:
    """Give the nonce of the next transaction of ``sender``."""
    return (yield from _ask(node, NextNonce(sender), int))


def head(node: Address) -> Flow[HeadFacts]:
    """Give the head of ``node``."""
    return (yield from _ask(node, TakeHead(), HeadFacts))


def final_block(node: Address, *, back: int = 0) -> Flow[HeadFacts]:
    """Give the final block of ``node``, or the one so many blocks below it."""
    return (yield from _ask(node, TakeHead(final=True, back=back), HeadFacts))


def await_final_time(node: Address, timestamp_s: int) -> Flow[HeadFacts]:
    """Wait until the final block of ``node`` is not older than this; give that block."""
    return (yield from _ask(node, AwaitFinalTime(timestamp_s), HeadFacts))


def local_date(ward: Ward, node: Address) -> Flow[date]:
    """Give the day of the head of ``node`` in the hospitals' time zone."""
    now = yield from head(node)
    return (datetime.fromtimestamp(now.timestamp, UTC) + ward.zone).date()


def put(
    node: Address, data: bytes, klass: BlockClass, copies: tuple[Address, ...] = ()
) -> Flow[Cid]:
    """Add a file to the store of ``node``; ``copies``: who may have it although it is sealed."""
    return Cid((yield from _ask(node, Put(data, klass, copies), bytes)))


def fetch(
    node: Address,
    cids: tuple[Cid, ...],
    holders: tuple[Address, ...],
    klass: BlockClass = BlockClass.SEALED,
) -> Flow[tuple[bytes, ...]]:
    """Have files on ``node``, which passes them on only if they are public.

    raises        FetchFailedError: a block is not to be had.
    """
    return (yield from _ask(node, Fetch(cids, holders, klass), tuple))


def drop(node: Address, cid: Cid) -> Flow[None]:
    """Forget a file on ``node``."""
    yield from _ask(node, Drop(cid), type(None))


def hand_share(
    node: Address, custodian: Address, deal_id: Hash32, manifest: bytes, sealed: bytes
) -> Flow[Hash32]:
    """Hand a dealt share to a custodian; give the digest of what it keeps.

    raises        CustodianSilentError.
    """
    request = HandShare(custodian, deal_id, manifest, sealed)
    return Hash32((yield from _ask(node, request, bytes)))


def leave_deposit(node: Address, custodian: Address, letter: DepositLetter) -> Flow[Hash32]:
    """Leave a grant share with a custodian; give the digest of what it keeps.

    raises        CustodianSilentError.  CustodianRefusedError: its epoch is past the letter's.
    """
    return Hash32((yield from _ask(node, LeaveDeposit(custodian, letter), bytes)))


def ask_release(node: Address, custodian: Address, request: bytes) -> Flow[Release]:
    """Send a release request to a custodian.

    raises        CustodianSilentError.
    """
    return (yield from _ask(node, AskRelease(custodian, request), Release))


def send_renewal(node: Address, custodian: Address, letter: RenewalLetter) -> Flow[Hash32]:
    """Move a custodian's share to its next epoch; give the digest of the letter it has taken.

    raises        CustodianSilentError.  CustodianRefusedError: its epoch is past the letter's.
    """
    return Hash32((yield from _ask(node, SendRenewal(custodian, letter), bytes)))


def entrust_share(
    node: Address, custodian: Address, patient: Address, sealed: bytes
) -> Flow[Hash32]:
    """Leave a share of a wallet's master with a hospital; give the digest of what it keeps.

    raises        CustodianSilentError.  CustodianRefusedError: it does not take the share.
    """
    return Hash32((yield from _ask(node, EntrustShare(custodian, patient, sealed), bytes)))


def reclaim_share(node: Address, custodian: Address, patient: Address) -> Flow[bytes]:
    """Ask a hospital for the share of an old master, sealed to the key of the recovery.

    ``patient``   the lost account.

    raises        CustodianSilentError.
                  CustodianRefusedError: no share is held, or the recovery is not final there.
    """
    return (yield from _ask(node, ReclaimShare(custodian, patient), bytes))


def vote_on_key(node: Address, subject: Address, *, authorize: bool | None) -> Flow[None]:
    """Have a node vote on a key in the headers it seals; None: no more."""
    yield from _ask(node, VoteOnKey(subject, authorize), type(None))
