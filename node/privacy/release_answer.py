"""From a decision to what leaves: the receipt first, then the answer.

Killing the process between the two leaves a receipt without an answer, never the reverse
(secret-sharing.md section 9, rule 10).
"""

from dataclasses import dataclass
from hashlib import sha256

from node.base.ports import Entropy, Signer
from node.base.types import ZERO_HASH
from node.privacy.release import Refused, Released
from node.privacy.release_errors import SealingKeyError
from node.privacy.release_messages import Answer, Receipt, Request, Status, release_info
from node.privacy.sealing import seal


@dataclass(frozen=True, slots=True)
class RecordReceipt:
    """Effect: write the receipt durably, with the request's nonce where that was fresh."""

    receipt: Receipt
    request: Request
    is_nonce_spent: bool


@dataclass(frozen=True, slots=True)
class SendAnswer:
    """Effect: hand the answer out, after everything before it is durable."""

    answer: Answer


Effect = RecordReceipt | SendAnswer


def answer(
    outcome: Released | Refused,
    *,
    last: Receipt | None,
    signer: Signer,
    entropy: Entropy,
) -> tuple[Effect, ...]:
    """Give the effects of a decision: the receipt is recorded BEFORE the answer is handed out.

    ``last``      the custodian's latest receipt, None before the first.
    returns       nothing for a request that gets neither receipt nor answer.
    """
    if outcome.request is None or outcome.head is None:
        return ()
    request, head = outcome.request, outcome.head
    sealed = b""
    if isinstance(outcome, Released):
        info = release_info(request.request_id(), request.index)
        # the key of the chain record, never one that a request brings along
        try:
            sealed = seal(outcome.grantee_key, info, outcome.point, entropy)
        except SealingKeyError:
            outcome = Refused(Status.STALE_STATE, request, head, is_nonce_spent=True)
    receipt = Receipt(
        index=request.index,
        status=Status.RELEASED if isinstance(outcome, Released) else outcome.status,
        request_id=request.request_id(),
        grant_id=request.grant_id,
        deal_id=request.deal_id,
        epoch=request.epoch,
        head=head,
        sequence=0 if last is None else last.sequence + 1,
        previous=ZERO_HASH if last is None else last.receipt_id(),
        sealed_hash=sha256(sealed).digest() if sealed else ZERO_HASH,
    ).signed(signer)
    spent = isinstance(outcome, Released) or outcome.is_nonce_spent
    return RecordReceipt(receipt, request, spent), SendAnswer(Answer(receipt, sealed))
