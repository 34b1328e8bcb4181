"""How much gas a transaction needs: the search of go-ethereum 1.13.15 (eth/gasestimator)."""

from node.base.limits import CALL_GAS_MAX
from node.evm.errors import CallFailedError, GasAllowanceError, IntrinsicGasError
from node.evm.executor import ExecutionContext
from node.evm.rules import TRANSACTION_GAS
from node.evm.simulate import Outcome, Proposal, simulate
from node.evm.state import StateView

_STIPEND = 2_300
"""A call with value gives this much more than the caller pays for."""
_TOLERANCE_PER_MILLE = 15
"""The search stops when it is this near: 1.5 % of the answer."""


def estimate_gas(
    context: ExecutionContext, view: StateView, proposal: Proposal, *, gas: int | None = None
) -> int:
    """Give an amount of gas with which a proposal succeeds, at most 1.5 % above what it needs.

    Some contracts look at the gas that is left: then less may do.
    ``context``   that of the block after which ``view`` is; it must allow several executions.
    ``gas``       the most to try; None, or under 21,000: the gas limit of the block.  CALL_GAS_MAX
                  and, if a fee is given, the sender's balance bound it further.
    raises        CallRevertedError(data); GasAllowanceError(n): it runs out of gas even with n;
                  CallFailedError: it fails with any gas, or the balance is below the value;
                  FeeTooLowError, InsufficientFundsError, InitcodeTooLargeError, NonceError.
    """
    high = _bound(context, view, proposal, gas)
    if proposal.to is not None and not proposal.data and not view.code_of(proposal.to):
        # run, not assumed: an access list costs more, and a precompile may want gas
        outcome = _try(context, view, proposal, TRANSACTION_GAS)
        if outcome is not None and outcome.error is None:
            return TRANSACTION_GAS
    outcome = _try(context, view, proposal, high)
    if outcome is None or outcome.is_out_of_gas:
        raise GasAllowanceError(high)
    outcome.raise_if_failed()
    low = outcome.gas_used - 1
    hopeful = (outcome.gas_used + outcome.refund + _STIPEND) * 64 // 63
    if hopeful < high:
        if _succeeds(context, view, proposal, hopeful):
            high = hopeful
        else:
            low = hopeful
    while low + 1 < high and (high - low) * 1_000 >= high * _TOLERANCE_PER_MILLE:
        # most need little more than they use, so the low side is tried first
        middle = min((low + high) // 2, 2 * low)
        if _succeeds(context, view, proposal, middle):
            high = middle
        else:
            low = middle
    return high


def _bound(context: ExecutionContext, view: StateView, proposal: Proposal, gas: int | None) -> int:
    high = context.gas_limit if gas is None or gas < TRANSACTION_GAS else gas
    if proposal.max_fee:
        balance = view.balance(proposal.sender)
        if proposal.value and proposal.value >= balance:
            raise CallFailedError("insufficient funds for transfer")
        high = min(high, (balance - proposal.value) // proposal.max_fee)
    return min(high, CALL_GAS_MAX)


def _succeeds(context: ExecutionContext, view: StateView, proposal: Proposal, gas: int) -> bool:
    outcome = _try(context, view, proposal, gas)
    return outcome is not None and outcome.error is None


def _try(
    context: ExecutionContext, view: StateView, proposal: Proposal, gas: int
) -> Outcome | None:
    """Run with so much gas; None: it is not even enough to begin."""
    try:
        return simulate(context, view, proposal, gas=gas)
    except IntrinsicGasError:
        return None
