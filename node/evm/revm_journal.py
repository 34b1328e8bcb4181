"""One transaction in revm: run it, read what it did, take it back (ledger.md section 6.1).

pyrevm never ends a transaction.  Its journal is read as text and then reverted, and the caller
writes the diff into the mirror: so slots are cold again for the next one.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from node.base.keccak import keccak256
from node.base.types import EMPTY_CODE_HASH, Address, Hash32
from node.evm.errors import ExecutionFaultError
from node.evm.executor import AccountData, BlockDiff, ExecutionContext
from node.evm.receipts import Log
from node.evm.revm_mirror import Mirror
from node.evm.transactions import Transaction

_EMPTY: Final = AccountData(0, 0, EMPTY_CODE_HASH)
_CODE_PADDING_BYTES: Final = 33
"""Zero bytes behind the code of a contract made in this transaction."""
_JOURNAL: Final = ", journal: ["
_STORED: Final = re.compile(
    r"StorageChange \{ address: 0x([0-9a-f]{40}), key: (\d+), had_value: Some"
)
_DESTROYED: Final = re.compile(r"AccountDestroyed \{ address: 0x([0-9a-f]{40})")
_TOUCHED: Final = re.compile(r"AccountTouched \{ address: 0x([0-9a-f]{40})")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one transaction did, whichever machine ran it."""

    status: int
    gas_used: int
    logs: tuple[Log, ...]
    diff: BlockDiff


def run(mirror: Mirror, context: ExecutionContext, transaction: Transaction) -> Outcome:
    """Run a valid transaction without fee and access list; the mirror stays as it is.

    raises        ExecutionFaultError: revm refused it, or its answer contradicts itself.
    """
    evm = mirror.evm
    snapshot = evm.snapshot()
    try:
        _load_recipient(evm, context)
        _start(evm, transaction)
        result = evm.result
        if result is None:
            raise ExecutionFaultError(transaction.hash, "revm has no result")
        nonce = transaction.nonce + 1
        if not result.is_success:
            before = mirror.account(transaction.sender) or _EMPTY
            sender = before._replace(nonce=nonce)
            diff = BlockDiff({transaction.sender: sender}, {}, frozenset(), {})
            return Outcome(0, result.gas_used, (), diff)
        logs = tuple(_log(log) for log in result.logs)
        return Outcome(1, result.gas_used, logs, _diff(mirror, transaction))
    finally:
        evm.revert(snapshot)


def answer(
    mirror: Mirror,
    context: ExecutionContext,
    *,
    sender: Address,
    to: Address,
    data: bytes,
    gas: int,
) -> bytes | None:
    """Run a call without a price and take back what it did; None: it did not end well."""
    evm = mirror.evm
    snapshot = evm.snapshot()
    try:
        _load_recipient(evm, context)
        found: bytes = evm.message_call(
            caller="0x" + sender.hex(), to="0x" + to.hex(), calldata=data, gas=gas, gas_price=0
        )
    except RuntimeError:  # a revert, a fault of a frame, or a call that revm does not take
        return None
    else:
        return found
    finally:
        evm.revert(snapshot)


def _load_recipient(evm: Any, context: ExecutionContext) -> None:  # noqa: ANN401 - pyrevm's
    if context.profile.has_cancun_header:
        # Loaded by us, the revert unloads it.  Else it stays, warm for the next fee recipient.
        evm.basic("0x" + context.fee_recipient.hex())


def _start(evm: Any, transaction: Transaction) -> None:  # noqa: ANN401 - pyrevm's
    sender = "0x" + transaction.sender.hex()
    try:
        if transaction.to is None:
            evm.deploy(
                deployer=sender,
                code=transaction.data,
                value=transaction.value,
                gas=transaction.gas,
                gas_price=0,
            )
        else:
            evm.message_call(
                caller=sender,
                to="0x" + transaction.to.hex(),
                calldata=transaction.data,
                value=transaction.value,
                gas=transaction.gas,
                gas_price=0,
            )
    except RuntimeError as error:
        # So it says that a frame failed, too; then there is a result.
        if evm.result is None:
            raise ExecutionFaultError(transaction.hash, str(error)[:200]) from error


def _diff(mirror: Mirror, transaction: Transaction) -> BlockDiff:
    evm = mirror.evm
    text: str = evm.journal_str
    journal = text[text.rindex(_JOURNAL) :]
    destroyed: set[Address] = set()
    if "AccountDestroyed" in journal:
        destroyed = {Address(bytes.fromhex(name)) for name in _DESTROYED.findall(journal)}
    storage: dict[Address, dict[int, int]] = {}
    for name, key in dict.fromkeys(_STORED.findall(journal)):
        address, slot = Address(bytes.fromhex(name)), int(key)
        if address in destroyed:
            continue
        value: int = evm.storage("0x" + name, slot)
        if value != mirror.slot(address, slot):
            storage.setdefault(address, {})[slot] = value
    accounts: dict[Address, AccountData | None] = {}
    code: dict[Hash32, bytes] = {}
    touched: set[Address] | None = None
    for name, info in evm.journal_state.items():
        address = Address(bytes.fromhex(name[2:]))
        before = mirror.account(address)
        after: AccountData | None = AccountData(info.nonce, info.balance, Hash32(info.code_hash))
        if address == transaction.sender:
            # A call does not count the nonce up, a deployment does.
            after = AccountData(transaction.nonce + 1, info.balance, Hash32(info.code_hash))
        if address in destroyed:
            after = None
        elif after == _EMPTY and before == _EMPTY:
            if touched is None:
                touched = {Address(bytes.fromhex(found)) for found in _TOUCHED.findall(journal)}
            after = None if address in touched else before
        elif after == _EMPTY:
            after = None
        if after == before and address not in destroyed:
            continue
        accounts[address] = after
        if after is not None and after.code_hash != mirror.get_code_hash(address):
            code[after.code_hash] = _code(transaction, info, after.code_hash)
    return BlockDiff(accounts, storage, frozenset(destroyed), code)


def _code(transaction: Transaction, info: Any, code_hash: Hash32) -> bytes:  # noqa: ANN401 - pyrevm's
    code = bytes(info.code or b"")
    if keccak256(code) != code_hash:
        code = code[:-_CODE_PADDING_BYTES]
        if keccak256(code) != code_hash:
            raise ExecutionFaultError(transaction.hash, f"code does not hash to {code_hash.hex()}")
    return code


def _log(log: Any) -> Log:  # noqa: ANN401 - pyrevm's
    topics, data = log.data
    return Log(
        Address(bytes.fromhex(log.address[2:])),
        tuple(Hash32(bytes(topic)) for topic in topics),
        bytes(data),
    )
