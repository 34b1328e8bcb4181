"""Running a message outside a block: read-only calls, and the frames of a scratch state."""

from typing import Any, Final

from eth.exceptions import OutOfGas, Revert
from eth.vm.message import Message

from node.base.errors import CallRevertedError, WardnetError
from node.base.limits import CALL_GAS_MAX
from node.base.types import Address
from node.evm.errors import CallFailedError, CallOutOfGasError
from node.evm.executor import ExecutionContext, StateReader
from node.evm.machine import open_state
from node.evm.receipts import contract_address

_CREATE: Final = b""


def call(
    context: ExecutionContext,
    view: StateReader,
    *,
    sender: Address,
    to: Address,
    data: bytes,
    gas: int = CALL_GAS_MAX,
    value: int = 0,
) -> bytes:
    """Run a call on a state and throw its changes away; give the return data.

    No signature, price 0, the sender's nonce one higher, as go-ethereum does.
    raises        CallRevertedError(data); CallOutOfGasError; CallFailedError: another fault.
    """
    state = open_state(context, view)
    state.journal.increment_nonce(sender)
    return run(state, sender=sender, to=to, data=data, gas=min(gas, CALL_GAS_MAX), value=value)


def run(
    state: Any,  # noqa: ANN401 - a State of ``machine``
    *,
    sender: Address,
    to: Address | None,
    data: bytes,
    gas: int,
    value: int = 0,
) -> bytes:
    """Run one message on an open state; a failed one leaves the state as it was.

    ``to`` None makes a contract of the initcode ``data`` at the address that follows from the
    sender's nonce, which is one higher afterwards.
    returns       the return data; of a new contract, its code.
    raises        as ``call``.
    """
    journal = state.journal
    if journal.get_balance(sender) < value:
        raise CallFailedError("insufficient funds for transfer")
    created: Address | None = None
    if to is None:
        created = contract_address(sender, journal.get_nonce(sender))
        journal.increment_nonce(sender)
    code, is_delegation = (data, False) if to is None else state.code_to_run(to)
    message: Any = Message(
        gas=gas,
        to=to or _CREATE,  # type: ignore[arg-type]  # py-evm has its own NewType
        sender=sender,  # type: ignore[arg-type]
        value=value,
        data=b"" if to is None else data,
        code=code,
        create_address=created,  # type: ignore[arg-type]
        is_delegation=is_delegation,
    )
    journal.mark_address_warm(sender)
    journal.mark_address_warm(message.storage_address)
    computation = _apply(state, message, sender)
    if computation.is_success:
        return bytes(computation.output)
    error = computation.error
    if isinstance(error, Revert):
        raise CallRevertedError(bytes(computation.output))
    if isinstance(error, OutOfGas):
        raise CallOutOfGasError(gas)
    raise CallFailedError(f"{type(error).__name__}: {error}")


def _apply(state: Any, message: Any, sender: Address) -> Any:  # noqa: ANN401 - py-evm's classes
    context = state.get_transaction_context_class()(gas_price=0, origin=sender)
    machine = state.computation_class
    if message.is_create and state.journal.account_has_code_or_nonce(message.storage_address):
        raise CallFailedError("contract address collision")
    apply = machine.apply_create_message if message.is_create else machine.apply_message
    checkpoint = state.snapshot()
    try:
        return apply(state, message, context)
    except WardnetError:
        state.revert(checkpoint)
        raise
    except Exception as error:
        # A fault before the first frame (py-evm raises it bare), or of the interpreter.
        state.revert(checkpoint)
        raise CallFailedError(f"{type(error).__name__}: {error}") from error
