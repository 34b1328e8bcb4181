"""What one more patient costs a ledger that has 50,000: registrations on the state trie alone.

Counted is what a validator does for a block of registrations: decode and recover each sender,
execute, compute the roots, store (in memory).  Not counted is what the desk does before, sealing
the details and handing them to custodians: that does not know how many patients there are.
The blocks are built on revm, which is quick enough for so many; those of the two windows are
executed again on py-evm, from the stored state before each.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from node.base.keccak import keccak256
from node.base.keys import MemoVerifier, PrivateKey
from node.base.types import Address, Cid, Hash32
from node.bench.errors import CandidateFaultError
from node.contracts.cids import Content
from node.contracts.suite import ContractSuite
from node.evm.blocks import BuildRequest
from node.evm.executors import executor_named
from node.evm.genesis import Genesis
from node.evm.ledger import Ledger
from node.evm.transactions import sign_legacy
from node.sim.loader import load
from node.sim.world import World

WINDOW: Final = 1_000
"""Patients of the first and of the last figure."""
BLOCK: Final = 50
"""Registrations in one block."""
_GAS: Final = 500_000
_PERIOD_S: Final = 5
_SECONDS_PER_US: Final = 1e6
_TEXT: Final = """\
wardnet: 1
name: bench
chain: {consensus: qbft, period: 5s}
network: {validators: 4}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """CPU of a registration, microseconds: of the first and of the last window."""

    executor: str
    first_us: float
    last_us: float

    @property
    def ratio(self) -> float:
        """The last in units of the first."""
        return self.last_us / self.first_us


@dataclass(frozen=True, slots=True)
class _Desk:
    genesis: Genesis
    contracts: ContractSuite
    signer: PrivateKey


def run_registrations(patients: int, tell: Callable[[str], None]) -> tuple[Registered, ...]:
    """Register so many patients; give the figures on revm and on py-evm.

    ``patients``  at least two windows.
    raises        CandidateFaultError: a registration was refused.
                  ConfigError: revm is not installed.
    """
    desk = _desk()
    ledger = _ledger(desk.genesis)
    warm = _register(ledger, desk, 0)  # of neither window: code is translated, tables are filled
    assert warm > 0
    fast: list[float] = []
    blocks = patients // BLOCK
    for number in range(1, blocks + 1):
        fast.append(_register(ledger, desk, number))
        if number * BLOCK % (10 * WINDOW) == 0:
            tell(f"{number * BLOCK:>7,} patients {fast[-1] / BLOCK * _SECONDS_PER_US:10.0f} us")
    each = WINDOW // BLOCK
    first, last = range(2, each + 2), range(blocks - each + 2, blocks + 2)
    slow = [[_again(ledger, number) for number in window] for window in (first, last)]
    return (
        Registered(executor="revm", first_us=_us(fast[:each]), last_us=_us(fast[blocks - each :])),
        Registered(executor="py-evm", first_us=_us(slow[0]), last_us=_us(slow[1])),
    )


def _us(blocks_s: list[float]) -> float:
    """Give microseconds per registration: the mean over a window."""
    return sum(blocks_s) / len(blocks_s) / BLOCK * _SECONDS_PER_US


def _desk() -> _Desk:
    world = World(load(_TEXT, "bench.yaml"))
    hospital = next(iter(world.cast.hospitals.values()))
    return _Desk(world.beginning.genesis, world.cast.ward.contracts, hospital.signer)


def _ledger(genesis: Genesis) -> Ledger:
    return Ledger(genesis, verifier=MemoVerifier(), executor=executor_named("revm", genesis))


def _register(ledger: Ledger, desk: _Desk, block: int) -> float:
    """Append a block of registrations; give the CPU seconds."""
    raws = [_signed(desk, block * BLOCK + k) for k in range(BLOCK)]
    head = ledger.head
    request = BuildRequest(
        parent_hash=ledger.head_hash,
        timestamp=head.timestamp + _PERIOD_S,
        extra_data=head.extra_data,
        coinbase=desk.signer.address,
        nonce=bytes(8),
        difficulty=1,
        mix_hash=head.mix_hash,
        fee_recipient=desk.signer.address,
    )
    began = time.process_time()
    built = ledger.build(request, [ledger.decode(raw) for raw in raws])
    with ledger.batch():
        ledger.set_head(ledger.adopt(built.block, built.result))
    took_s = time.process_time() - began
    done = [receipt.status for receipt in ledger.receipts(ledger.head_hash)]
    if done != [1] * BLOCK:
        raise CandidateFaultError("registrations", f"block {block}: {done.count(1)} of {BLOCK}")
    return took_s


def _again(ledger: Ledger, number: int) -> float:
    """Execute a block once more on py-evm, from the bytes of the store; give the CPU seconds."""
    block_hash, header = ledger.hash_by_number(number), ledger.header_by_number(number)
    assert block_hash is not None
    assert header is not None
    began = time.process_time()
    ledger.execute_again(block_hash, fee_recipient=header.coinbase)
    return time.process_time() - began


def _signed(desk: _Desk, number: int) -> bytes:
    """Give the transaction that registers patient ``number``, from 0."""
    digest = keccak256(b"patient %d" % number)
    registry = desk.contracts.patients
    details = Content(Hash32(keccak256(digest)), Cid(b"\x01\x55\x12\x20" + digest))
    data = registry.register(Address(bytes(digest[12:])), key=bytes(digest), details=details)
    return sign_legacy(
        desk.signer,
        chain_id=desk.genesis.chain_id,
        nonce=number,
        to=registry.address,
        data=data,
        gas=_GAS,
    )
