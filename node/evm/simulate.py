"""Running a transaction that nobody signed, with everything a real one pays for.

``calls`` runs a bare message; an estimate or a trace needs the intrinsic gas, the fees and the
refund too.  The state is thrown away afterwards.
"""

from dataclasses import dataclass, replace

from eth.exceptions import OutOfGas, Revert

from node.base.errors import CallRevertedError, WardnetError
from node.base.types import ZERO_ADDRESS, ZERO_HASH, Address
from node.evm.errors import CallFailedError, FeeTooLowError, InsufficientFundsError
from node.evm.executor import ExecutionContext, StateReader
from node.evm.faults import fault_name
from node.evm.machine import EvmTransaction, open_state
from node.evm.rules import check_alone, settled_gas
from node.evm.traced_machine import Tracer, attach
from node.evm.transactions import DYNAMIC_FEE, AccessList, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A transaction to be: its nonce is the sender's next one, its gas an argument."""

    to: Address | None
    """None: a creation, ``data`` is the initcode."""
    sender: Address = ZERO_ADDRESS
    """May be a contract, unlike that of a real transaction."""
    data: bytes = b""
    value: int = 0
    max_fee: int = 0
    """Wei per gas; 0: no fee is paid, and GASPRICE and BASEFEE read 0."""
    max_tip: int = 0
    access_list: AccessList = ()

    def transaction(self, *, nonce: int, gas: int) -> Transaction:
        """Give the unsigned transaction; it has neither bytes nor hash."""
        return Transaction(
            raw=b"",
            hash=ZERO_HASH,
            sender=self.sender,
            type=DYNAMIC_FEE,
            chain_id=None,
            nonce=nonce,
            gas=gas,
            to=self.to,
            value=self.value,
            data=self.data,
            max_fee=self.max_fee,
            max_tip=self.max_tip,
            access_list=self.access_list,
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a proposal."""

    gas_used: int
    """After the refund."""
    refund: int
    """At most a fifth of the gas before it (EIP-3529)."""
    output: bytes
    """Return or revert data; of a creation the new code."""
    error: str | None
    """go-ethereum's words; None: success."""
    is_revert: bool
    is_out_of_gas: bool
    """Other than for storing the code of a new contract, as go-ethereum counts it."""

    def raise_if_failed(self) -> None:
        """Turn a failure into an error.

        raises        CallRevertedError(data); CallFailedError.
        """
        if self.is_revert:
            raise CallRevertedError(self.output)
        if self.error is not None:
            raise CallFailedError(self.error)


def simulate(
    context: ExecutionContext,
    view: StateReader,
    proposal: Proposal,
    *,
    gas: int,
    tracer: Tracer | None = None,
) -> Outcome:
    """Run a proposal on a state with so much gas; nothing is kept.

    The gas may exceed that of the block; whether the sender is a contract is not asked.
    raises        IntrinsicGasError, FeeTooLowError, InsufficientFundsError, InitcodeTooLargeError,
                  NonceError: it could not stand in a block; CallFailedError: the interpreter
                  itself failed.
    """
    if not proposal.max_fee:
        context = replace(context, base_fee=0)
    state = open_state(context, view)
    journal = state.journal
    transaction = proposal.transaction(nonce=journal.get_nonce(proposal.sender), gas=gas)
    check_alone(transaction, context.profile, context.chain_id)
    if proposal.max_fee < context.base_fee:
        what = "max fee per gas less than block base fee"
        raise FeeTooLowError(what, context.base_fee, proposal.max_fee)
    cost = gas * proposal.max_fee + proposal.value
    balance = journal.get_balance(proposal.sender)
    if balance < cost:
        raise InsufficientFundsError(proposal.sender, cost, balance)
    if tracer is not None:
        attach(state, tracer)
        tracer.begin(transaction)
    try:
        computation = state.apply_transaction(EvmTransaction(transaction, context.profile))
    except WardnetError:
        raise
    except Exception as error:
        raise CallFailedError(f"{type(error).__name__}: {error}") from error
    spent: int = gas - computation.get_gas_remaining()
    used, refund = settled_gas(
        transaction, context.profile, spent=spent, refund=computation.get_gas_refund()
    )
    if tracer is not None:
        tracer.end(used)
    fault = None if computation.is_success else computation.error
    name = None if fault is None else fault_name(fault)
    return Outcome(
        gas_used=used,
        refund=refund,
        output=bytes(computation.output),
        error=name,
        is_revert=isinstance(fault, Revert),
        is_out_of_gas=isinstance(fault, OutOfGas) and name == "out of gas",
    )
