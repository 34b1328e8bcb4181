"""What the blocks of a foreign chain do besides their transactions: calls of the system itself.

source        EIP-4788 and EIP-2935 (before the transactions); EIP-6110, EIP-7002 and EIP-7251, as
              requests of EIP-7685 (after them).
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Final

from node.base.errors import InvalidBlockError, RefusedError
from node.base.types import Address, Hash32
from node.evm.calls import run
from node.evm.executor import ExecutionContext
from node.evm.forks import Fork
from node.evm.receipts import Log

_SYSTEM: Final = Address(bytes.fromhex("fffffffffffffffffffffffffffffffffffffffe"))
_BEACON_ROOTS: Final = Address(bytes.fromhex("000f3df6d732807ef1319fb7b8bb8522d0beac02"))
_HISTORY: Final = Address(bytes.fromhex("0000f90827f1c53a10cb7a02335b175320002935"))
_WITHDRAWAL_REQUESTS: Final = Address(bytes.fromhex("00000961ef480eb55e80d19ad83579a64c007002"))
_CONSOLIDATION_REQUESTS: Final = Address(bytes.fromhex("0000bbddc7ce488642fb579f8b00f3a590007251"))
_GAS: Final = 30_000_000
_DEPOSIT_EVENT: Final = Hash32(
    bytes.fromhex("649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5")
)
"""keccak256("DepositEvent(bytes,bytes,bytes,bytes,bytes)")."""
_DEPOSIT_FIELDS: Final = ((160, 48), (256, 32), (320, 8), (384, 96), (512, 8))
"""Place of the length word and length: public key, credentials, amount, signature, index."""
_DEPOSIT_BYTES: Final = 576


def begin_block(state: Any, context: ExecutionContext) -> None:  # noqa: ANN401 - a State of ``machine``
    """Write down the beacon root and the parent's hash; without the contracts nothing happens."""
    if context.parent_beacon_root is not None:
        _tell(state, _BEACON_ROOTS, context.parent_beacon_root)
    parent_hash = next(iter(context.ancestor_hashes), None)
    if context.profile.fork >= Fork.PRAGUE and parent_hash is not None:
        _tell(state, _HISTORY, parent_hash)


def requests_hash(state: Any, logs: Iterable[Log], deposit_contract: Address) -> Hash32:  # noqa: ANN401 - as above
    """Ask for the requests of a block whose transactions are done; give their hash.

    raises        InvalidBlockError: a deposit log of another form, or a contract that fails.
    """
    requests = (
        b"\0" + b"".join(_deposits(logs, deposit_contract)),
        b"\1" + _ask(state, _WITHDRAWAL_REQUESTS, "EIP-7002"),
        b"\2" + _ask(state, _CONSOLIDATION_REQUESTS, "EIP-7251"),
    )
    digests = (sha256(request).digest() for request in requests if len(request) > 1)
    return Hash32(sha256(b"".join(digests)).digest())


def _tell(state: Any, contract: Address, data: bytes) -> None:  # noqa: ANN401 - as above
    if not state.journal.get_code(contract):
        return
    try:
        run(state, sender=_SYSTEM, to=contract, data=data, gas=_GAS)
    except RefusedError:
        return  # EIP-4788: a failing call has no effect, and the block stands
    finally:
        state.journal.lock_changes()


def _ask(state: Any, contract: Address, eip: str) -> bytes:  # noqa: ANN401 - as above
    if not state.journal.get_code(contract):
        # EIP-7002 and EIP-7251 call the block invalid.  go-ethereum takes it as one without
        # requests, and private chains of it exist: reading them matters more here.
        return b""
    try:
        return run(state, sender=_SYSTEM, to=contract, data=b"", gas=_GAS)
    except RefusedError as error:
        raise InvalidBlockError("system contract", f"an answer of {eip}", str(error)) from error
    finally:
        state.journal.lock_changes()


def _deposits(logs: Iterable[Log], contract: Address) -> Iterable[bytes]:
    for log in logs:
        if log.address == contract and log.topics[:1] == (_DEPOSIT_EVENT,):
            yield _deposit(log.data)


def _deposit(data: bytes) -> bytes:
    """Cut the five fields out of a deposit event, whose form EIP-6110 fixes byte for byte."""
    offsets = [at.to_bytes(32) for at, _ in _DEPOSIT_FIELDS]
    form = b"".join(offsets)
    lengths = all(data[at : at + 32] == size.to_bytes(32) for at, size in _DEPOSIT_FIELDS)
    if len(data) != _DEPOSIT_BYTES or not data.startswith(form) or not lengths:
        raise InvalidBlockError("deposit log", "five fields as in EIP-6110", f"0x{data.hex()}")
    return b"".join(data[at + 32 : at + 32 + size] for at, size in _DEPOSIT_FIELDS)
