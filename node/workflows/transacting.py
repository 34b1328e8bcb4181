"""How a party acts on the ledger: try the call, sign, submit, wait until it is final."""

from typing import Final

from node.base.keys import PrivateKey
from node.base.types import Address, Hash32
from node.contracts.abi import LedgerEvent
from node.evm.errors import NonceError, ReplacementUnderpricedError
from node.evm.transactions import sign_legacy
from node.workflows.asking import await_inclusion, call, next_nonce, submit
from node.workflows.errors import ContractRevertError
from node.workflows.requests import Flow, Inclusion
from node.workflows.ward import Ward

CALL_GAS: Final = 900_000
"""Gas offered with each transaction: above the budget of every call of a record's workflow."""
REGISTRY_GAS: Final = 3_000_000
"""Gas offered where the validators' list may move: an admission into 99 others takes 1,150,000."""

_SUBMISSIONS: Final = 16
"""How often a call is signed with a fresh nonce: a hospital's flows, and its node, share a key,
and all that waited for one block go on at the same instant."""


def send(
    ward: Ward,
    node: Address,
    signer: PrivateKey,
    to: Address,
    data: bytes,
    *,
    gas: int = CALL_GAS,
    value_wei: int = 0,
) -> Flow[Hash32]:
    """Submit a transaction that would succeed at the head; what it did is not known yet.

    The call is tried first: what a contract refuses never reaches the pool.

    raises        ContractRevertError: the contract refuses the call.
                  CallFailedError: the account has less than ``value_wei``.
                  NonceError, ReplacementUnderpricedError: others were faster each time.
                  TransactionError, PoolRefusedError: the pool does not take it.
    """
    yield from call(node, to, data, signer.address, value_wei=value_wei)
    for left in reversed(range(_SUBMISSIONS)):
        nonce = yield from next_nonce(node, signer.address)
        raw = sign_legacy(
            signer,
            chain_id=ward.chain_id,
            nonce=nonce,
            to=to,
            data=data,
            gas=gas,
            value=value_wei,
        )
        try:
            return (yield from submit(node, raw))
        except (NonceError, ReplacementUnderpricedError) as error:
            is_taken = not isinstance(error, NonceError) or error.got < error.want
            if not left or not is_taken:
                raise
    raise AssertionError("the last try returns or raises")


def transact(
    ward: Ward,
    node: Address,
    signer: PrivateKey,
    to: Address,
    data: bytes,
    *,
    final: bool = True,
    gas: int = CALL_GAS,
    value_wei: int = 0,
) -> Flow[Inclusion]:
    """Act on the ledger and wait until it stands there.

    raises        ContractRevertError: refused when it was tried, or in its block.
    """
    tx_hash = yield from send(ward, node, signer, to, data, gas=gas, value_wei=value_wei)
    inclusion = yield from await_inclusion(node, tx_hash, final=final)
    if not inclusion.succeeded:
        # a refusal by name, if it still stands
        yield from call(node, to, data, signer.address, value_wei=value_wei)
        raise ContractRevertError("RevertedInBlock", (inclusion.number,))
    return inclusion


def event_of(inclusion: Inclusion, contract: Address, kind: type[LedgerEvent]) -> LedgerEvent:
    """Give the first event of a kind that a transaction left.

    raises        ContractRevertError: it left none.
    """
    for log in inclusion.logs:
        if log.address == contract and log.topics and log.topics[0] == kind.SPEC.topic:
            return kind.decode(log.topics, log.data)
    raise ContractRevertError("EventMissing", (kind.__name__,))
