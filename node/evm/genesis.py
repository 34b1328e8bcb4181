"""Genesis: go-ethereum's genesis.json, the state it describes, and block 0.

A genesis whose forks are those of no profile of ours is foreign: its chain is only read here.

source        go-ethereum v1.13.15, core/genesis.go; ledger.md section 11.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from node.base.block import Block
from node.base.errors import ConfigError
from node.base.header import Header
from node.base.keccak import keccak256
from node.base.limits import (
    EXCESS_BLOB_GAS_MAX,
    GAS_LIMIT_MAX,
    GAS_LIMIT_MIN,
    GENESIS_BYTES_MAX,
)
from node.base.types import (
    EMPTY_CODE_HASH,
    EMPTY_OMMERS_HASH,
    EMPTY_REQUESTS_HASH,
    EMPTY_TRIE_ROOT,
    ZERO_ADDRESS,
    ZERO_HASH,
    Address,
    Hash32,
)
from node.evm import genesis_fields as read
from node.evm.blooms import EMPTY_BLOOM
from node.evm.executor import AccountData, BlockDiff
from node.evm.foreign_forks import ForkSchedule, read_schedule
from node.evm.forks import CANCUN, LONDON, PROFILES, Fork, Profile
from node.evm.state import StateStore
from node.storage.state_nodes import StateNodes

GWEI: Final = 10**9
_CHAIN_ID_LARGEST: Final = 2**255 - 18
"""So that v of EIP-155 fits 32 bytes."""
ENGINES: Final = ("clique", "qbft", "ibft", "istanbul", "ibft2", "aura", "outside")
"""As under ``config``; ibft and istanbul are one engine, IBFT 1, in Besu's and GoQuorum's words;
outside is an engine of somebody's own."""
_FORKS: Final = (
    "homesteadBlock",
    "eip150Block",
    "eip155Block",
    "eip158Block",
    "byzantiumBlock",
    "constantinopleBlock",
    "petersburgBlock",
    "istanbulBlock",
    "berlinBlock",
    "londonBlock",
)
_CANCUN_FORKS: Final = ("shanghaiTime", "cancunTime")
_LATER_FORKS: Final = ("pragueTime", "osakaTime", "verkleTime", "terminalTotalDifficulty")
_DEFAULT_GAS_LIMIT: Final = 4_712_388
"""What go-ethereum reads a gas limit of 0 as (params.GenesisGasLimit)."""
_KEYS: Final = frozenset(
    {
        "config", "nonce", "timestamp", "extraData", "gasLimit", "difficulty", "mixHash",
        "coinbase", "alloc", "number", "gasUsed", "parentHash", "baseFeePerGas", "excessBlobGas",
        "blobGasUsed",
    }
)  # fmt: skip
_SYSTEM_CONTRACTS: Final = {
    Address(bytes.fromhex("000f3df6d732807ef1319fb7b8bb8522d0beac02")): "EIP-4788",
    Address(bytes.fromhex("0000f90827f1c53a10cb7a02335b175320002935")): "EIP-2935",
}


@dataclass(frozen=True, slots=True)
class GenesisAccount:
    """An account that stands in the state before block 1."""

    nonce: int = 0
    balance: int = 0
    """Wei."""
    code: bytes = b""
    storage: Mapping[int, int] = field(default_factory=dict[int, int])


@dataclass(frozen=True, slots=True, kw_only=True)
class Genesis:
    """A chain before its first block."""

    chain_id: int
    gas_limit: int
    extra_data: bytes
    alloc: Mapping[Address, GenesisAccount] = field(default_factory=dict[Address, GenesisAccount])
    engine: str = "clique"
    engine_settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """As under ``config.<engine>``: for clique ``period`` and ``epoch``."""
    transitions: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """As under ``config.transitions``: per engine, what changes at which block (Besu)."""
    ward: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Own extensions, under ``config.ward``: other clients skip them.  JSON values only."""
    profile: Profile = LONDON
    """The rules of all blocks; on a foreign chain, of block 0."""
    forks: ForkSchedule | None = None
    """When a foreign chain takes which fork; None: a chain of ours."""
    timestamp: int = 0
    difficulty: int = 1
    base_fee: int | None = 0
    """None: not said.  go-ethereum then starts London at 1 gwei, where no price of 0 is valid; a
    chain that begins before London has one in block 0 only if its genesis says so.
    """
    coinbase: Address = ZERO_ADDRESS
    mix_hash: Hash32 = ZERO_HASH
    nonce: int = 0
    excess_blob_gas: int = 0
    """Only of foreign chains, as is the next."""
    blob_gas_used: int = 0

    def to_json(self) -> dict[str, Any]:
        """Give the dict of genesis.json; numbers are quoted hex, accounts sorted."""
        config: dict[str, Any] = {"chainId": self.chain_id}
        config |= dict.fromkeys(_FORKS, 0)
        if self.profile is CANCUN:
            config |= dict.fromkeys(_CANCUN_FORKS, 0)
        config[self.engine] = dict(self.engine_settings)
        if self.transitions:
            config["transitions"] = dict(self.transitions)
        if self.ward:
            config["ward"] = dict(self.ward)
        blobs: dict[str, Any] = {}
        if self.forks is not None:
            config = dict(self.forks.config)
            blobs["excessBlobGas"] = hex(self.excess_blob_gas)
            blobs["blobGasUsed"] = hex(self.blob_gas_used)
        return {
            "config": config,
            "nonce": hex(self.nonce),
            "timestamp": hex(self.timestamp),
            "extraData": _hex(self.extra_data),
            "gasLimit": hex(self.gas_limit),
            "difficulty": hex(self.difficulty),
            "mixHash": _hex(self.mix_hash),
            "coinbase": _hex(self.coinbase),
            "alloc": {
                self_address.hex(): _account_json(self.alloc[self_address])
                for self_address in sorted(self.alloc)
            },
            "number": "0x0",
            "gasUsed": "0x0",
            "parentHash": _hex(ZERO_HASH),
            **({} if self.base_fee is None else {"baseFeePerGas": hex(self.base_fee)}),
            **blobs,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], *, foreign: bool = False) -> "Genesis":
        """Read the dict of a genesis.json of go-ethereum or Besu.

        ``foreign``   whether a chain that can only be read is welcome too.
        raises        ConfigError: a key is missing, unknown or has a value that cannot be; and
                      (unless ``foreign``) the forks fit neither profile, or system contracts in
                      ``alloc``.
        """
        unknown = sorted(set(data) - _KEYS)
        if unknown:
            raise ConfigError(f"genesis: unknown key {unknown[0]!r}")
        config = read.mapping(data, "config")
        alloc = {
            read.address(key, "alloc"): _account(key, value)
            for key, value in read.mapping(data, "alloc").items()
        }
        if len(alloc) != len(read.mapping(data, "alloc")):
            raise ConfigError("genesis: alloc names an account twice")
        timestamp = read.number(data, "timestamp", 0)
        forks = read_schedule(config) if foreign and not _is_own(config, alloc) else None
        engine = _engine(config, foreign=forks is not None)
        genesis = cls(
            chain_id=read.number(config, "chainId"),
            gas_limit=read.number(data, "gasLimit"),
            extra_data=read.hex_bytes(data.get("extraData", "0x"), "extraData"),
            alloc=alloc,
            engine=engine,
            engine_settings=_part(config, engine),
            transitions=_part(config, "transitions"),
            ward=_part(config, "ward"),
            profile=_profile(config) if forks is None else forks.at_genesis(timestamp),
            forks=forks,
            timestamp=timestamp,
            difficulty=read.number(data, "difficulty"),
            base_fee=_optional(data, "baseFeePerGas"),
            coinbase=read.address(data.get("coinbase", "00" * 20), "coinbase"),
            mix_hash=Hash32(read.hex_bytes(data.get("mixHash", "00" * 32), "mixHash", 32)),
            nonce=read.number(data, "nonce", 0),
            excess_blob_gas=_optional(data, "excessBlobGas") or 0,
            blob_gas_used=_optional(data, "blobGasUsed") or 0,
        )
        read.only_zero(data, ("number", "gasUsed", "parentHash"))
        genesis.check()
        return genesis

    def check(self) -> None:
        """Check what no block may start from.

        raises        ConfigError.
        """
        if not 0 < self.chain_id <= _CHAIN_ID_LARGEST:
            raise ConfigError(f"genesis: chainId {self.chain_id}, wants 1 to 2^255 - 18")
        if sum(account.balance for account in self.alloc.values()) >= 2**256:
            raise ConfigError("genesis: the balances of alloc add up to 2^256 or more")
        for address, account in self.alloc.items():
            if any(account.storage.values()) and not (account.code or account.nonce):
                raise ConfigError(
                    f"genesis: alloc {address.hex()} has storage, but neither code nor nonce: "
                    "a contract made there would find it"
                )
        if self.forks is not None:
            if self.excess_blob_gas > EXCESS_BLOB_GAS_MAX:
                raise ConfigError(f"genesis: excessBlobGas above {EXCESS_BLOB_GAS_MAX}")
            return
        if not GAS_LIMIT_MIN <= self.gas_limit <= GAS_LIMIT_MAX:
            raise ConfigError(
                f"genesis: gasLimit {self.gas_limit}, wants {GAS_LIMIT_MIN} to 2^63-1"
            )
        if self.excess_blob_gas or self.blob_gas_used:
            raise ConfigError("genesis: excessBlobGas and blobGasUsed want 0")
        for address, eip in _SYSTEM_CONTRACTS.items():
            if address in self.alloc and self.alloc[address].code:
                raise ConfigError(f"genesis: alloc has the system contract of {eip}, wants none")


def parse_genesis(text: str | bytes, *, foreign: bool = False) -> Genesis:
    """Read the text of a genesis.json; ``foreign`` as for ``Genesis.from_json``.

    raises        ConfigError: no JSON, a key twice in one object, too long, or as ``from_json``.
    """
    if len(text) > GENESIS_BYTES_MAX:
        raise ConfigError(f"genesis: {len(text)} bytes, at most {GENESIS_BYTES_MAX}")
    try:
        data = json.loads(text, object_pairs_hook=read.without_twins)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"genesis: no JSON: {error}") from error
    if not isinstance(data, dict):
        raise ConfigError("genesis: wants an object")
    return Genesis.from_json(data, foreign=foreign)


def genesis_block(genesis: Genesis, nodes: StateNodes) -> Block:
    """Store the state of a genesis and give block 0.

    raises        ConfigError: as ``Genesis.check``.
    """
    genesis.check()
    store = StateStore(nodes)
    accounts: dict[Address, AccountData | None] = {}
    code: dict[Hash32, bytes] = {}
    for address, account in genesis.alloc.items():
        code_hash = keccak256(account.code) if account.code else EMPTY_CODE_HASH
        if account.code:
            code[code_hash] = account.code
        # An account with nothing at all stays: nobody deletes empty accounts at genesis.
        accounts[address] = AccountData(account.nonce, account.balance, code_hash)
    storage = {address: account.storage for address, account in genesis.alloc.items()}
    diff = BlockDiff(accounts, storage, frozenset(), code)
    writes = store.apply(store.view(EMPTY_TRIE_ROOT), diff)
    store.put(writes)
    fork = genesis.profile.fork
    is_cancun = fork >= Fork.CANCUN
    header = Header(
        parent_hash=ZERO_HASH,
        ommers_hash=EMPTY_OMMERS_HASH,
        coinbase=genesis.coinbase,
        state_root=writes.root,
        transactions_root=EMPTY_TRIE_ROOT,
        receipts_root=EMPTY_TRIE_ROOT,
        logs_bloom=EMPTY_BLOOM,
        difficulty=genesis.difficulty,
        number=0,
        gas_limit=genesis.gas_limit or _DEFAULT_GAS_LIMIT,
        gas_used=0,
        timestamp=genesis.timestamp,
        extra_data=genesis.extra_data,
        mix_hash=genesis.mix_hash,
        nonce=genesis.nonce.to_bytes(8),
        base_fee=GWEI if genesis.base_fee is None and fork >= Fork.LONDON else genesis.base_fee,
        withdrawals_root=EMPTY_TRIE_ROOT if fork >= Fork.SHANGHAI else None,
        blob_gas_used=genesis.blob_gas_used if is_cancun else None,
        excess_blob_gas=genesis.excess_blob_gas if is_cancun else None,
        parent_beacon_root=ZERO_HASH if is_cancun else None,
        requests_hash=EMPTY_REQUESTS_HASH if fork >= Fork.PRAGUE else None,
    )
    return Block(header, ())


def _part(config: Mapping[str, Any], key: str) -> dict[str, Any]:
    return dict(read.mapping(config, key)) if key in config else {}


def _optional(data: Mapping[str, Any], key: str) -> int | None:
    return None if data.get(key) is None else read.number(data, key)


def _is_own(config: Mapping[str, Any], alloc: Mapping[Address, GenesisAccount]) -> bool:
    """Say whether the forks are those of a profile, and no block would call a system contract."""
    try:
        _profile(config)
        _engine(config, foreign=False)
    except ConfigError:
        return False
    return not any(address in alloc and alloc[address].code for address in _SYSTEM_CONTRACTS)


def _engine(config: Mapping[str, Any], *, foreign: bool) -> str:
    found = [name for name in ENGINES if name in config]
    if foreign and not found:
        return "ethash"
    if len(found) != 1:
        raise ConfigError(f"genesis: config names {len(found)} engines, wants one of {ENGINES}")
    return found[0]


def _profile(config: Mapping[str, Any]) -> Profile:
    later = [name for name in _LATER_FORKS if config.get(name) is not None]
    if later:
        raise ConfigError(f"genesis: config.{later[0]} is set, wants none of {_LATER_FORKS}")
    late = [name for name in (*_FORKS, *_CANCUN_FORKS) if read.number(config, name, 0) != 0]
    if late:
        raise ConfigError(f"genesis: config.{late[0]} is not 0: all forks start at genesis")
    has_cancun = config.get("cancunTime") is not None
    if not has_cancun and config.get("shanghaiTime") is not None:
        raise ConfigError("genesis: config.shanghaiTime without cancunTime: no profile has that")
    if not has_cancun and config.get("londonBlock") is None:
        raise ConfigError(f"genesis: config has no londonBlock: wants one of {sorted(PROFILES)}")
    return CANCUN if has_cancun else LONDON


def _account(address: str, data: Any) -> GenesisAccount:  # noqa: ANN401 - JSON
    if not isinstance(data, Mapping):
        raise ConfigError(f"genesis: alloc {address}: wants an object")
    unknown = sorted(set(data) - {"balance", "nonce", "code", "storage", "comment"})
    if unknown:
        raise ConfigError(f"genesis: alloc {address}: unknown key {unknown[0]!r}")
    storage = data.get("storage")
    if storage is None:
        storage = {}
    if not isinstance(storage, Mapping):
        raise ConfigError(f"genesis: alloc {address}: storage wants an object")
    return GenesisAccount(
        nonce=read.number(data, "nonce", 0),
        balance=read.number(data, "balance", 0),
        code=read.hex_bytes(data.get("code", "0x"), f"alloc {address} code"),
        storage={
            read.word(slot, f"alloc {address} storage key"): read.word(
                value, f"alloc {address} storage"
            )
            for slot, value in storage.items()
        },
    )


def _account_json(account: GenesisAccount) -> dict[str, Any]:
    data: dict[str, Any] = {"balance": hex(account.balance)}
    if account.nonce:
        data["nonce"] = hex(account.nonce)
    if account.code:
        data["code"] = _hex(account.code)
    if account.storage:
        data["storage"] = {
            _hex(slot.to_bytes(32)): _hex(account.storage[slot].to_bytes(32))
            for slot in sorted(account.storage)
        }
    return data


def _hex(data: bytes) -> str:
    return f"0x{data.hex()}"
