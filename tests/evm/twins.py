"""The same blocks on two ledgers that differ in their executor only, and what revm was given."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from node.base.types import Address, Hash32
from node.evm.forks import LONDON, Profile
from node.evm.genesis import GenesisAccount
from node.evm.ledger import Ledger
from node.evm.receipts import contract_address
from node.evm.transactions import sign_access_list, sign_dynamic_fee
from tests.evm.asm import COUNTER, asm, initcode, push
from tests.evm.chains import ALICE, KEYS, VERIFIER, build, genesis, legacy, seal
from tests.evm.programs import Author

pytest.importorskip("pyrevm", reason="needs pyrevm: pip install 'wardnet[fast]'")

import node.evm.executor_revm as fast

RICH = 10**24
OLD = Address(b"\x0d" * 20)
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


class FreeAuthor(Author):
    """Writes transactions without fees, most of them such that revm runs them."""

    blockhash = False

    def hash(self) -> bytes:
        return super().hash() if self.blockhash else self.read()

    def address(self) -> Address:
        return super().address() if self.rng.random() < 0.9 else Address(bytes(19) + b"\x0a")

    def destruct(self) -> bytes:
        kinds = [push(self.address()), asm("ADDRESS"), asm("CALLER")]
        return self.rng.choice(kinds) + asm("SELFDESTRUCT")

    def free(self) -> bytes:
        """Give a transaction without a fee."""
        rng = self.rng
        key = rng.choice(self.keys)
        nonce = self.nonces.get(key.address, 0)
        self.nonces[key.address] = nonce + 1
        if rng.random() < 0.3 or len(self.known) < 3:
            to, data = None, self.body()
            self.known.append(contract_address(key.address, nonce))
        else:
            to = self.address()
            data = rng.choice([b"", bytes(32), rng.randbytes(32), rng.randbytes(5)])
        gas = rng.choice([60_000, 300_000, 300_000, 1_000_000]) + 16 * len(data)
        if to is None:
            gas += 32_000 + 2 * len(data)
        value = rng.choice([0, 0, 1, 12345])
        common = {"nonce": nonce, "to": to, "data": data, "gas": gas, "value": value}
        slots = ((self.address(), (0, rng.randrange(4))),) if rng.random() < 0.1 else ()
        kind = rng.randrange(4)
        if kind == 0:
            price = rng.choice([0, 0, 0, 3])
            return sign_access_list(
                key, chain_id=self.chain_id, gas_price=price, access_list=slots, **common
            )
        if kind == 1:
            fees = rng.choice([(0, 0), (9, 0), (30, 0), (30, 2)])
            return sign_dynamic_fee(
                key,
                chain_id=self.chain_id,
                max_fee=fees[0],
                max_tip=fees[1],
                access_list=slots,
                **common,
            )
        return legacy(key, chain_id=self.chain_id, gas_price=0, **common)

    def body(self) -> bytes:
        """Give initcode: of a program, of a self-destructing one, of noise, or only noise."""
        rng = self.rng
        kind = rng.randrange(8)
        if kind == 0:
            return rng.randbytes(rng.randrange(1, 40))
        if kind == 1:
            return initcode(rng.randbytes(rng.randrange(1, 60)))
        if kind == 2:
            return self.program(2) + self.destruct()
        if kind == 3:
            return initcode(self.program(2) + self.destruct(), self.program(1))
        return self.deployment()


def alloc_of_old() -> dict[Address, GenesisAccount]:
    alloc = {key.address: GenesisAccount(balance=RICH) for key in KEYS}
    alloc[OLD] = GenesisAccount(nonce=1, balance=5, code=COUNTER, storage={0: 41, 1: 2**255, 9: 1})
    return alloc


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
