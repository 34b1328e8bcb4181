"""The world of the contract tests on eth-tester: signed transactions, mined blocks, receipts.

Tests arrange on the stock chain, which is quick; what they judge then runs here, on a chain that
goes on from that state, block number and time.  London, base fee 0, no account has any ether.
"""

from ast import literal_eval
from copy import copy
from dataclasses import dataclass
from functools import cache
from typing import Final

from eth.constants import EMPTY_UNCLE_HASH, GENESIS_PARENT_HASH
from eth.db.atomic import AtomicDB
from eth.db.backends.memory import MemoryDB
from eth.vm.forks.london import LondonVM
from eth.vm.forks.london.headers import LondonBlockHeader
from eth_tester import EthereumTester, PyEVMBackend
from eth_tester.exceptions import TransactionFailed

from node.base.keys import PrivateKey
from node.base.types import EMPTY_TRIE_ROOT, Address, Hash32
from node.contracts.reverts import RevertReason, decode_error
from node.evm.transactions import sign_legacy
from tests.contracts.stock_chain import BLOCK_SECONDS, CHAIN_ID, GAS_LIMIT, StockChain

_LONDON: Final = ((0, LondonVM),)


@dataclass(frozen=True)
class Mined:
    """What became of a transaction."""

    succeeded: bool
    gas: int
    logs: tuple[tuple[Address, tuple[bytes, ...], bytes], ...]
    created: Address | None


class MinedChain:
    """An eth-tester whose chain continues one of the stock chain's states."""

    def __init__(self, stock: StockChain) -> None:
        twin = stock.fork()
        past = AtomicDB(MemoryDB(dict(twin.db.wrapped_db.kv_store)))
        self._backend = copy(_empty())
        self._backend.chain = type(_empty().chain).from_genesis_header(past, _header(twin))
        self._tester = EthereumTester(self._backend)
        self.time_s = twin.time_s

    def travel(self, time_s: int) -> None:
        """Let the next block have this time."""
        chain = self._backend.chain
        chain.header = chain.header.copy(timestamp=time_s)
        self.time_s = time_s

    def mine(self, signer: PrivateKey, to: Address | None, data: bytes) -> Mined:
        """Sign a transaction, put it into a block of its own, 5 s later, and read its receipt."""
        self.travel(self.time_s + BLOCK_SECONDS)
        return self._mine(signer, to, data)

    def refused(
        self, sender: PrivateKey | Address, to: Address | None, data: bytes, value: int = 0
    ) -> RevertReason:
        """Give why a transaction fails: a mined one has failed, and a call in its block says why.

        A contract cannot sign; a call in its name stands for a transaction of its own.
        """
        self.travel(self.time_s + BLOCK_SECONDS)
        who = sender.address if isinstance(sender, PrivateKey) else sender
        reason = self._why(who, to, data, value)
        if isinstance(sender, PrivateKey):
            assert not self._mine(sender, to, data, value).succeeded
        return reason

    def _why(self, who: Address, to: Address | None, data: bytes, value: int) -> RevertReason:
        call = {
            "from": who,
            "to": to or b"",
            "data": data,
            "value": value,
            "gas": GAS_LIMIT,
            "gas_price": 0,
        }
        try:
            self._backend.call(call, "pending")
        except TransactionFailed as error:
            return decode_error(_revert_data(error))
        raise AssertionError("nothing refuses this")

    def _mine(self, signer: PrivateKey, to: Address | None, data: bytes, value: int = 0) -> Mined:
        chain = self._backend.chain
        nonce = chain.get_vm().state.get_nonce(signer.address)
        raw = sign_legacy(
            signer,
            chain_id=CHAIN_ID,
            nonce=nonce,
            to=to,
            data=data,
            gas=GAS_LIMIT,
            value=value,
        )
        tx_hash = self._tester.send_raw_transaction(f"0x{raw.hex()}")
        self.travel(self.time_s)
        receipt = self._tester.get_transaction_receipt(tx_hash)
        created = receipt["contract_address"]
        return Mined(
            receipt["status"] == 1,
            receipt["gas_used"],
            tuple(
                (
                    Address(_bytes(log["address"])),
                    tuple(map(_bytes, log["topics"])),
                    _bytes(log["data"]),
                )
                for log in receipt["logs"]
            ),
            Address(_bytes(created)) if created else None,
        )


@cache
def _empty() -> PyEVMBackend:
    """Give a backend whose chain is still to be set."""
    backend = PyEVMBackend(vm_configuration=_LONDON)
    type(backend.chain).chain_id = CHAIN_ID
    return backend


def _header(twin: StockChain) -> LondonBlockHeader:
    return LondonBlockHeader(
        difficulty=1,
        block_number=twin.number,
        gas_limit=GAS_LIMIT,
        timestamp=twin.time_s,
        coinbase=bytes(20),
        parent_hash=GENESIS_PARENT_HASH,
        uncles_hash=EMPTY_UNCLE_HASH,
        state_root=Hash32(twin.root),
        transaction_root=EMPTY_TRIE_ROOT,
        receipt_root=EMPTY_TRIE_ROOT,
        bloom=0,
        gas_used=0,
        extra_data=b"",
        mix_hash=bytes(32),
        nonce=bytes(8),
        base_fee_per_gas=0,
    )


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def _revert_data(error: TransactionFailed) -> bytes:
    """eth-tester gives the text of py-evm's error, and that is the data as Python writes bytes."""
    data = literal_eval(str(error))
    assert isinstance(data, bytes)
    return data
