"""Genesis: go-ethereum's genesis.json, the state it describes, and block 0.

source        go-ethereum v1.13.15, core/genesis.go; ledger.md section 11.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from node.base.block import Block
from node.base.errors import ConfigError
from node.base.header import Header
from node.base.keccak import keccak256
from node.base.limits import GAS_LIMIT_MAX, GAS_LIMIT_MIN, GENESIS_BYTES_MAX
from node.base.types import (
    EMPTY_CODE_HASH,
    EMPTY_OMMERS_HASH,
    EMPTY_TRIE_ROOT,
    ZERO_ADDRESS,
    ZERO_HASH,
    Address,
    Hash32,
)
from node.evm.blooms import EMPTY_BLOOM
from node.evm.executor import AccountData, BlockDiff
from node.evm.forks import CANCUN, LONDON, PROFILES, Profile
from node.evm.state import StateStore
from node.storage.state_nodes import StateNodes

GWEI: Final = 10**9
ENGINES: Final = ("clique", "qbft", "ibft", "ibft2", "aura")
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
    ward: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Own extensions, under ``config.ward``: other clients skip them.  JSON values only."""
    profile: Profile = LONDON
    timestamp: int = 0
    difficulty: int = 1
    base_fee: int = 0
    coinbase: Address = ZERO_ADDRESS
    mix_hash: Hash32 = ZERO_HASH
    nonce: int = 0

    def to_json(self) -> dict[str, Any]:
        """Give the dict of genesis.json; numbers are quoted hex, accounts sorted."""
        config: dict[str, Any] = {"chainId": self.chain_id}
        config |= dict.fromkeys(_FORKS, 0)
        if self.profile is CANCUN:
            config |= dict.fromkeys(_CANCUN_FORKS, 0)
        config[self.engine] = dict(self.engine_settings)
        if self.ward:
            config["ward"] = dict(self.ward)
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
            "baseFeePerGas": hex(self.base_fee),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Genesis":
        """Read the dict of a genesis.json of go-ethereum or Besu.

        raises        ConfigError: a key is missing, unknown or has a value that cannot be; the
                      forks fit neither profile; system contracts in ``alloc``.
        """
        unknown = sorted(set(data) - _KEYS)
        if unknown:
            raise ConfigError(f"genesis: unknown key {unknown[0]!r}")
        config = _mapping(data, "config")
        engine = _engine(config)
        alloc = {
            _address(key, "alloc"): _account(key, value)
            for key, value in _mapping(data, "alloc").items()
        }
        if len(alloc) != len(_mapping(data, "alloc")):
            raise ConfigError("genesis: alloc names an account twice")
        # absent, go-ethereum starts at 1 gwei, and no transaction of price 0 would ever be valid
        base_fee = _number(data, "baseFeePerGas") if "baseFeePerGas" in data else GWEI
        genesis = cls(
            chain_id=_number(config, "chainId"),
            gas_limit=_number(data, "gasLimit"),
            extra_data=_bytes(data.get("extraData", "0x"), "extraData"),
            alloc=alloc,
            engine=engine,
            engine_settings=dict(_mapping(config, engine)),
            ward=dict(_mapping(config, "ward")) if "ward" in config else {},
            profile=_profile(config),
            timestamp=_number(data, "timestamp", 0),
            difficulty=_number(data, "difficulty"),
            base_fee=base_fee,
            coinbase=_address(data.get("coinbase", "00" * 20), "coinbase"),
            mix_hash=Hash32(_bytes(data.get("mixHash", "00" * 32), "mixHash", 32)),
            nonce=_number(data, "nonce", 0),
        )
        _only_zero(data, ("number", "gasUsed", "parentHash", "excessBlobGas", "blobGasUsed"))
        genesis.check()
        return genesis

    def check(self) -> None:
        """Check what no block may start from.

        raises        ConfigError.
        """
        if not GAS_LIMIT_MIN <= self.gas_limit <= GAS_LIMIT_MAX:
            raise ConfigError(
                f"genesis: gasLimit {self.gas_limit}, wants {GAS_LIMIT_MIN} to 2^63-1"
            )
        if not 0 < self.chain_id < 2**256:
            raise ConfigError(f"genesis: chainId {self.chain_id}, wants a positive number")
        for address, eip in _SYSTEM_CONTRACTS.items():
            if address in self.alloc and self.alloc[address].code:
                raise ConfigError(f"genesis: alloc has the system contract of {eip}, wants none")


def parse_genesis(text: str | bytes) -> Genesis:
    """Read the text of a genesis.json.

    raises        ConfigError: no JSON, a key twice in one object, too long, or as ``from_json``.
    """
    if len(text) > GENESIS_BYTES_MAX:
        raise ConfigError(f"genesis: {len(text)} bytes, at most {GENESIS_BYTES_MAX}")
    try:
        data = json.loads(text, object_pairs_hook=_without_twins)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"genesis: no JSON: {error}") from error
    if not isinstance(data, dict):
        raise ConfigError("genesis: wants an object")
    return Genesis.from_json(data)


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
    is_cancun = genesis.profile.has_cancun_header
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
        gas_limit=genesis.gas_limit,
        gas_used=0,
        timestamp=genesis.timestamp,
        extra_data=genesis.extra_data,
        mix_hash=genesis.mix_hash,
        nonce=genesis.nonce.to_bytes(8),
        base_fee=genesis.base_fee,
        withdrawals_root=EMPTY_TRIE_ROOT if is_cancun else None,
        blob_gas_used=0 if is_cancun else None,
        excess_blob_gas=0 if is_cancun else None,
        parent_beacon_root=ZERO_HASH if is_cancun else None,
    )
    return Block(header, ())


def _engine(config: Mapping[str, Any]) -> str:
    found = [name for name in ENGINES if name in config]
    if len(found) != 1:
        raise ConfigError(f"genesis: config names {len(found)} engines, wants one of {ENGINES}")
    return found[0]


def _profile(config: Mapping[str, Any]) -> Profile:
    later = [name for name in _LATER_FORKS if config.get(name) is not None]
    if later:
        raise ConfigError(f"genesis: config.{later[0]} is set, wants none of {_LATER_FORKS}")
    late = [name for name in (*_FORKS, *_CANCUN_FORKS) if _number(config, name, 0) != 0]
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
    storage = data.get("storage", {})
    if not isinstance(storage, Mapping):
        raise ConfigError(f"genesis: alloc {address}: storage wants an object")
    return GenesisAccount(
        nonce=_number(data, "nonce", 0),
        balance=_number(data, "balance", 0),
        code=_bytes(data.get("code", "0x"), f"alloc {address} code"),
        storage={
            _word(slot, f"alloc {address} storage key"): _word(value, f"alloc {address} storage")
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


def _mapping(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    if not isinstance(value, Mapping):
        raise ConfigError(f"genesis: {key} wants an object")
    return value


def _number(data: Mapping[str, Any], key: str, default: int | None = None) -> int:
    """Read a number: JSON integer, or quoted decimal or hex."""
    value = data.get(key, default)
    if isinstance(value, str):
        try:
            value = int(value, 16) if value[:2] in ("0x", "0X") else int(value)
        except ValueError:
            value = None
    limit = 256 if key in ("balance", "chainId", "baseFeePerGas", "difficulty") else 64
    if value is None or isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(f"genesis: {key} wants a number, got {data.get(key)!r}")
    if not 0 <= value < 2**limit:
        raise ConfigError(f"genesis: {key} wants a number of at most {limit} bits")
    return value


def _bytes(value: Any, what: str, size: int | None = None) -> bytes:  # noqa: ANN401 - JSON
    try:
        found = bytes.fromhex(value.removeprefix("0x"))
    except (ValueError, AttributeError, TypeError):
        raise ConfigError(f"genesis: {what} wants hex, got {value!r}") from None
    if size is not None and len(found) != size:
        raise ConfigError(f"genesis: {what} has {len(found)} bytes, wants {size}")
    return found


def _address(value: Any, what: str) -> Address:  # noqa: ANN401 - JSON
    return Address(_bytes(value, what, 20))


def _word(value: Any, what: str) -> int:  # noqa: ANN401 - JSON
    text = str(value).removeprefix("0x")
    found = _bytes(text if len(text) % 2 == 0 else f"0{text}", what)
    if len(found) > 32:
        raise ConfigError(f"genesis: {what} has {len(found)} bytes, at most 32")
    return int.from_bytes(found)


def _only_zero(data: Mapping[str, Any], keys: Iterable[str]) -> None:
    for key in keys:
        value = data.get(key)
        if value is not None and str(value).removeprefix("0x").strip("0"):
            raise ConfigError(f"genesis: {key} is {value!r}, wants 0")


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key, value in pairs:
        if key in data:
            raise ConfigError(f"genesis: key {key!r} stands twice in one object")
        data[key] = value
    return data
