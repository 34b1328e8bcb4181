"""The same blocks on two ledgers that differ in their executor only, and what revm was given."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from node.base.types import Address, Hash32
from node.evm.forks import LONDON, Profile
from node.evm.genesis import GenesisAccount
from node.evm.ledger import Ledger
from tests.evm.asm import asm, push
from tests.evm.chains import ALICE, VERIFIER, build, genesis, legacy, seal
from tests.evm.free_author import OLD, RICH

pytest.importorskip("pyrevm", reason="needs pyrevm: pip install 'wardnet[fast]'")

import node.evm.executor_revm as fast

OTHER = Address(b"\x0e" * 20)
FACTORY = Address(b"\x0f" * 20)


class Twins:
    """Two ledgers; each block is built by one, built again and checked by the other."""

    def __init__(
        self,
        alloc: Mapping[Address, GenesisAccount] | None = None,
        profile: Profile = LONDON,
        *,
        doubtful: frozenset[int] = fast.DOUBTFUL,
        **changes,
    ) -> None:
        start = genesis(alloc, profile, **changes)
        keys = {address: account.storage for address, account in start.alloc.items()}
        self.executor = fast.RevmExecutor(keys, doubtful=doubtful)
        self.slow = Ledger(start, verifier=VERIFIER)
        self.fast = Ledger(start, verifier=VERIFIER, executor=self.executor)

    def block(self, raws, *, skips: bool = False, **changes):
        """Build on both; compare all that a block claims; give the fast one's result."""
        slow = build(self.slow, raws, **changes)
        fast_one = build(self.fast, raws, **changes)
        assert skips or not slow.skipped, slow.skipped
        assert list(map(str, slow.skipped)) == list(map(str, fast_one.skipped))
        for index, (one, other) in enumerate(
            zip(slow.result.receipts, fast_one.result.receipts, strict=True)
        ):
            assert one == other, (index, one, other)
        assert slow.result.state_root == fast_one.result.state_root
        assert slow.block == fast_one.block
        block = seal(slow.block)
        self.slow.set_head(self.slow.adopt(block, slow.result))
        self.fast.set_head(self.fast.adopt(block, fast_one.result))
        return fast_one.result


@dataclass
class Routes:
    """How many transactions each machine ran."""

    revm: int = 0
    pyevm: int = 0
    in_revm: set[Hash32] = field(default_factory=set)


@pytest.fixture
def routes(monkeypatch) -> Routes:
    """Count the transactions of a test."""
    counted = Routes()
    in_revm, in_pyevm = fast.run, fast._RevmRun._in_pyevm

    def revm(mirror, block, transaction):
        counted.revm += 1
        counted.in_revm.add(transaction.hash)
        return in_revm(mirror, block, transaction)

    def pyevm(*words):
        counted.pyevm += 1
        return in_pyevm(*words)

    monkeypatch.setattr(fast, "run", revm)
    monkeypatch.setattr(fast._RevmRun, "_in_pyevm", pyevm)
    return counted


def contracts(**codes):
    """Give a rich ALICE, and contracts at OLD, OTHER, FACTORY."""
    places = {"old": OLD, "other": OTHER, "factory": FACTORY}
    alloc = {places[name]: GenesisAccount(nonce=1, code=code) for name, code in codes.items()}
    return {ALICE.address: GenesisAccount(balance=RICH)} | alloc


def calls(*targets, start=0, **words):
    return [legacy(ALICE, start + n, to, **words) for n, to in enumerate(targets)]


def call_to(address, value=0):
    """Give code that calls an account with all gas and no data."""
    words = b"".join(map(push, (0, 0, 0, 0, value, bytes(address))))
    return words + asm("GAS CALL")
