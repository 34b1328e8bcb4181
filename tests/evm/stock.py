"""The judge: py-evm as it is, with its own accounts, tries, transactions and receipts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import rlp
from eth.db.atomic import AtomicDB
from eth.db.chain import ChainDB
from eth.db.trie import make_trie_root_and_nodes
from eth.rlp.headers import BlockHeader
from eth.vm import forks
from eth.vm.chain_context import ChainContext
from eth.vm.forks.cancun.blocks import CancunBlockHeader
from eth.vm.forks.london.blocks import LondonBlockHeader
from eth.vm.forks.paris.blocks import ParisBlockHeader
from eth.vm.forks.prague.headers import PragueBlockHeader
from eth.vm.forks.shanghai.blocks import ShanghaiBlockHeader

from node.base.header import Header
from node.base.types import Address, Hash32
from node.evm.forks import LONDON, Profile
from node.evm.genesis import GenesisAccount

VMS = {
    "frontier": (forks.FrontierVM, BlockHeader),
    "homestead": (
        forks.HomesteadVM.configure(support_dao_fork=False, _dao_fork_block_number=0),
        BlockHeader,
    ),
    "tangerine_whistle": (forks.TangerineWhistleVM, BlockHeader),
    "spurious_dragon": (forks.SpuriousDragonVM, BlockHeader),
    "byzantium": (forks.ByzantiumVM, BlockHeader),
    "constantinople": (forks.ConstantinopleVM, BlockHeader),
    "petersburg": (forks.PetersburgVM, BlockHeader),
    "istanbul": (forks.IstanbulVM, BlockHeader),
    "berlin": (forks.BerlinVM, BlockHeader),
    "london": (forks.LondonVM, LondonBlockHeader),
    "paris": (forks.ParisVM, ParisBlockHeader),
    "shanghai": (forks.ShanghaiVM, ShanghaiBlockHeader),
    "cancun": (forks.CancunVM, CancunBlockHeader),
    "prague": (forks.PragueVM, PragueBlockHeader),
}


@dataclass(frozen=True)
class Judged:
    gas_used: int
    transactions_root: Hash32
    receipts_root: Hash32
    bloom: bytes
    state_root: Hash32
    statuses: tuple[int, ...]


class StockChain:
    """A chain of states; each block is imported on the one before."""

    def __init__(
        self, alloc: Mapping[Address, GenesisAccount], chain_id: int, profile: Profile = LONDON
    ) -> None:
        self.vm_class, self.header_class = VMS[profile.name]
        self.chain_id = chain_id
        self.db = AtomicDB()
        self.chaindb = ChainDB(self.db)
        accounts = self.vm_class.get_state_class().account_db_class(self.db)
        for address, account in alloc.items():
            accounts.set_balance(address, account.balance)
            accounts.set_nonce(address, account.nonce)
            if account.code:
                accounts.set_code(address, account.code)
            for slot, value in account.storage.items():
                accounts.set_storage(address, slot, value)
        accounts.make_state_root()
        accounts.persist()
        self.state_root = accounts.state_root

    def import_block(
        self,
        header: Header,
        raws: Sequence[bytes],
        fee_recipient: Address,
        ancestors: Sequence[Hash32] = (),
    ) -> Judged:
        """Run the transactions on the state so far; only header fields that are inputs are read."""
        fields = {
            "difficulty": header.difficulty,
            "block_number": header.number,
            "gas_limit": header.gas_limit,
            "timestamp": header.timestamp,
            "coinbase": fee_recipient,
            "parent_hash": header.parent_hash,
            "mix_hash": header.mix_hash,
            "nonce": header.nonce,
            "state_root": self.state_root,
        }
        if header.base_fee is not None:
            fields["base_fee_per_gas"] = header.base_fee
        if header.excess_blob_gas is not None:
            fields |= {"excess_blob_gas": header.excess_blob_gas, "blob_gas_used": 0}
        start = self.header_class(**fields)
        context = ChainContext(self.chain_id)
        vm = self.vm_class(start, self.chaindb, context, None)
        vm._state = vm.build_state(self.db, start, context, ancestors)
        builder = vm.get_transaction_builder()
        transactions = [builder.decode(raw) for raw in raws]
        end, receipts, _ = vm.apply_all_transactions(transactions, start)
        vm.state.lock_changes()
        vm.state.make_state_root()
        vm.state.persist()
        self.state_root = vm.state.state_root
        return Judged(
            gas_used=end.gas_used,
            transactions_root=make_trie_root_and_nodes(transactions)[0],
            receipts_root=make_trie_root_and_nodes(receipts)[0],
            bloom=end.bloom.to_bytes(256),
            state_root=self.state_root,
            statuses=tuple(int(receipt.state_root == b"\x01") for receipt in receipts),
        )


def stock_hash(header: Header) -> bytes:
    """Hash a header the way py-evm does."""
    header_class = CancunBlockHeader if header.withdrawals_root is not None else LondonBlockHeader
    return rlp.decode(header.encode(), sedes=header_class).hash
