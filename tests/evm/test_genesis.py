import hashlib
import json
from dataclasses import replace

import pytest
from eth.chains.base import MiningChain
from eth.db.atomic import AtomicDB
from eth.vm.forks.london import LondonVM
from hypothesis import given
from hypothesis import strategies as st

from node.base.errors import ConfigError
from node.base.limits import EXCESS_BLOB_GAS_MAX
from node.base.types import Address
from node.evm import genesis as genesis_module
from node.evm.forks import CANCUN, LONDON, Fork
from node.evm.genesis import Genesis, GenesisAccount, genesis_block, parse_genesis
from node.evm.state import StateStore
from node.storage.state_nodes import MemoryStateNodes
from tests.evm.chains import genesis
from tests.evm.foreign_chain import apis, config_of

ADDRESS = Address(b"\x0a" * 20)
FULL = GenesisAccount(nonce=3, balance=10**20, code=b"\x60\x01", storage={0: 1, 2**255: 7})
words = st.integers(0, 2**256 - 1)
accounts = st.builds(
    GenesisAccount,
    nonce=st.integers(1, 2**64 - 1),  # or storage would stand without an owner
    balance=st.integers(0, 2**253),  # five of them stay below 2^256
    code=st.binary(max_size=40),
    storage=st.dictionaries(words, words, max_size=4),
)
allocs = st.dictionaries(st.binary(min_size=20, max_size=20).map(Address), accounts, max_size=5)


@given(allocs, st.sampled_from([LONDON, CANCUN]), st.integers(0, 2**63))
def test_a_genesis_comes_back_from_its_text(alloc, profile, timestamp):
    start = genesis(alloc, profile, timestamp=timestamp, ward={"contracts": {"A": "0x01"}})
    assert parse_genesis(json.dumps(start.to_json())) == start


def test_clique_is_written_as_geth_reads_it():
    data = genesis({ADDRESS: FULL}).to_json()
    config = data["config"]
    assert config["clique"] == {"period": 5, "epoch": 30_000}
    assert config["londonBlock"] == config["homesteadBlock"] == 0
    assert not {"shanghaiTime", "cancunTime", "terminalTotalDifficulty"} & set(config)
    assert (data["difficulty"], data["baseFeePerGas"], data["gasLimit"]) == (
        "0x1",
        "0x0",
        "0x1c9c380",
    )
    assert data["alloc"]["0a" * 20] == {
        "balance": "0x56bc75e2d63100000",
        "nonce": "0x3",
        "code": "0x6001",
        "storage": {
            "0x" + "00" * 32: "0x" + "00" * 31 + "01",
            "0x80" + "00" * 31: "0x" + "00" * 31 + "07",
        },
    }


def test_the_state_root_is_that_of_py_evm():
    alloc = {ADDRESS: FULL, Address(b"\x0b" * 20): GenesisAccount(balance=1)}
    stock_state = {
        address: {
            "balance": account.balance,
            "nonce": account.nonce,
            "code": account.code,
            "storage": dict(account.storage),
        }
        for address, account in alloc.items()
    }
    chain_class = MiningChain.configure(vm_configuration=((0, LondonVM),), chain_id=1337)
    chain = chain_class.from_genesis(AtomicDB(), {"timestamp": 0, "difficulty": 1}, stock_state)
    stock_root = chain.get_canonical_block_header_by_number(0).state_root
    assert genesis_block(genesis(alloc), MemoryStateNodes()).header.state_root == stock_root


def test_the_genesis_block_can_be_read_from_the_store():
    nodes = MemoryStateNodes()
    block = genesis_block(genesis({ADDRESS: FULL}), nodes)
    view = StateStore(nodes).view(block.header.state_root)
    assert (view.nonce(ADDRESS), view.balance(ADDRESS)) == (3, 10**20)
    assert (view.code_of(ADDRESS), view.slot(ADDRESS, 2**255)) == (b"\x60\x01", 7)


def test_an_account_with_nothing_stands_in_the_state():
    nodes = MemoryStateNodes()
    empty = genesis_block(genesis({ADDRESS: GenesisAccount()}), nodes).header.state_root
    assert StateStore(nodes).view(empty).account(ADDRESS) is not None
    assert empty != genesis_block(genesis(), nodes).header.state_root


def test_a_slot_of_zero_is_no_slot():
    nodes = MemoryStateNodes()
    with_zero = genesis({ADDRESS: GenesisAccount(balance=1, storage={1: 0})})
    without = genesis({ADDRESS: GenesisAccount(balance=1)})
    assert genesis_block(with_zero, nodes) == genesis_block(without, nodes)


def test_without_accounts_the_state_is_the_empty_trie():
    header = genesis_block(genesis(), MemoryStateNodes()).header
    assert header.state_root.hex().startswith("56e81f171bcc55a6")


GOOD = genesis({ADDRESS: FULL}).to_json()


def _changed(path, value):
    data = json.loads(json.dumps(GOOD))
    at = data
    for key in path[:-1]:
        at = at[key]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return data


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (["gasLimit"], None, "gasLimit"),
        (["difficulty"], None, "difficulty"),
        (["alloc"], None, "alloc"),
        (["config"], None, "config"),
        (["config", "chainId"], None, "chainId"),
        (["config", "chainId"], 0, "chainId"),
        (["config", "clique"], None, "engine"),
        (["config", "qbft"], {}, "2 engines"),
        (["config", "londonBlock"], 5, "londonBlock"),
        (["config", "londonBlock"], None, "londonBlock"),
        (["config", "shanghaiTime"], 0, "shanghaiTime"),
        (["config", "pragueTime"], 0, "pragueTime"),
        (["config", "terminalTotalDifficulty"], 0, "terminalTotalDifficulty"),
        (["gasLimit"], 4999, "gasLimit"),
        (["gasLimit"], 2**63, "gasLimit"),
        (["gasLimit"], "0xzz", "gasLimit"),
        (["gasLimit"], True, "gasLimit"),
        (["gasLimit"], -1, "gasLimit"),
        (["nonce"], 2**64, "nonce"),
        (["extraData"], 5, "extraData"),
        (["mixHash"], "0x00", "mixHash"),
        (["coinbase"], "0x00", "coinbase"),
        (["number"], "0x1", "number"),
        (["colour"], "red", "colour"),
        (["alloc", "0a"], {"balance": "0x1"}, "20"),
        (["alloc", "0b" * 20], {"balance": 2**256}, "balance"),
        (["alloc", "0b" * 20], {"colour": 1}, "colour"),
        (["alloc", "0b" * 20], {"storage": {"0x1": "0x" + "11" * 33}}, "storage"),
        (["alloc", "0b" * 20], [], "object"),
        (["alloc", "0x" + "0a" * 20], {"balance": 1}, "twice"),
    ],
)
def test_what_cannot_be_a_genesis_is_refused_by_name(path, value, says):
    with pytest.raises(ConfigError, match=says):
        Genesis.from_json(_changed(path, value))


def test_without_base_fee_a_genesis_starts_at_one_gwei_as_in_geth():
    assert _header(Genesis.from_json(_changed(["baseFeePerGas"], None))).base_fee == 10**9


@pytest.mark.parametrize("number", [30_000_000, "30000000", "0x1c9c380", "0X1C9C380"])
def test_numbers_may_be_plain_decimal_or_hex(number):
    assert Genesis.from_json(_changed(["gasLimit"], number)).gas_limit == 30_000_000


def test_storage_words_are_padded_on_the_left():
    data = _changed(["alloc", "0a" * 20, "storage"], {"0x1": "0x02", "03": "4"})
    assert Genesis.from_json(data).alloc[ADDRESS].storage == {1: 2, 3: 4}


@pytest.mark.parametrize("text", ["", "[]", "{", '{"config": 1, "config": 2}', "[" * 100_000])
def test_text_that_is_no_single_object_is_refused(text):
    with pytest.raises(ConfigError):
        parse_genesis(text)


@pytest.mark.parametrize(
    "address",
    ["000f3df6d732807ef1319fb7b8bb8522d0beac02", "0000f90827f1c53a10cb7a02335b175320002935"],
)
def test_system_contracts_are_refused(address):
    alloc = {Address(bytes.fromhex(address)): GenesisAccount(code=b"\x00")}
    with pytest.raises(ConfigError, match="system contract"):
        genesis_block(genesis(alloc), MemoryStateNodes())


def test_a_genesis_of_besu_for_qbft_is_read():
    data = {
        "config": {"chainId": 1337, "cancunTime": 0, "qbft": {"blockperiodseconds": 2}},
        "extraData": "0xf87a",
        "gasLimit": "0x1fffffffffffff",
        "difficulty": "0x1",
        "mixHash": "0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365",
        "alloc": {"0x" + "0c" * 20: {"balance": "5", "comment": "for tests"}},
        "baseFeePerGas": "0x0",
    }
    start = Genesis.from_json(data)
    assert (start.profile, start.engine) == (CANCUN, "qbft")
    assert start.engine_settings == {"blockperiodseconds": 2}
    assert start.alloc[Address(b"\x0c" * 20)].balance == 5


def test_settings_of_the_engine_do_not_touch_the_state():
    one = genesis(ward={"a": 1})
    other = replace(one, engine_settings={"period": 9})
    nodes = MemoryStateNodes()
    assert genesis_block(one, nodes) == genesis_block(other, nodes)


def test_a_genesis_has_a_size_limit(monkeypatch):
    text = json.dumps(GOOD)
    monkeypatch.setattr(genesis_module, "GENESIS_BYTES_MAX", len(text))
    assert parse_genesis(text).alloc[ADDRESS] == FULL
    with pytest.raises(ConfigError, match=str(len(text) + 1)):
        parse_genesis(text + " ")


# -- foreign chains --

SYSTEM = "000f3df6d732807ef1319fb7b8bb8522d0beac02"


def _foreign(config, **changes):
    data = {"config": {"chainId": 5} | config, "gasLimit": "0x1", "difficulty": "0x1", "alloc": {}}
    return Genesis.from_json(data | changes, foreign=True)


def _header(genesis):
    return genesis_block(genesis, MemoryStateNodes()).header


@pytest.mark.parametrize("profile", [LONDON, CANCUN])
def test_a_genesis_of_ours_stays_ours_where_foreign_ones_are_welcome(profile):
    start = genesis({ADDRESS: FULL}, profile)
    assert parse_genesis(json.dumps(start.to_json()), foreign=True) == start


def test_a_foreign_genesis_is_refused_unless_it_is_welcome():
    text = json.dumps(_foreign({}).to_json())
    with pytest.raises(ConfigError, match="engines"):
        parse_genesis(text)
    assert parse_genesis(text, foreign=True).forks is not None


def test_a_genesis_with_system_contracts_is_foreign():
    start = genesis({Address(bytes.fromhex(SYSTEM)): GenesisAccount(code=b"\x00")}, CANCUN)
    data = start.to_json()
    with pytest.raises(ConfigError, match="system contract"):
        Genesis.from_json(data)
    assert Genesis.from_json(data, foreign=True).forks is not None


@pytest.mark.parametrize("fork", list(Fork), ids=lambda fork: fork.name)
def test_block_0_has_the_fields_of_its_fork(fork):
    header = _header(_foreign(config_of(fork)))
    counts = {Fork.SHANGHAI: 17, Fork.CANCUN: 20, Fork.PRAGUE: 21}
    assert len(header.items()) == counts.get(fork, 16 if fork >= Fork.LONDON else 15)
    assert header.base_fee == (10**9 if fork >= Fork.LONDON else None)


def test_values_of_a_foreign_genesis_reach_its_header():
    start = _foreign(
        config_of(Fork.PRAGUE),
        baseFeePerGas="0x7",
        excessBlobGas="0x20000",
        blobGasUsed="0x40000",
        gasLimit="0x0",
    )
    header = _header(start)
    assert (header.base_fee, header.excess_blob_gas, header.blob_gas_used) == (7, 131_072, 262_144)
    assert header.gas_limit == 4_712_388
    assert header.requests_hash == hashlib.sha256(b"").digest()


def test_null_is_no_value():
    start = _foreign(
        config_of(Fork.CANCUN), baseFeePerGas=None, excessBlobGas=None, blobGasUsed=None
    )
    assert (start.base_fee, start.excess_blob_gas, start.blob_gas_used) == (None, 0, 0)
    assert _header(start).base_fee == 10**9


@pytest.mark.parametrize("fork", [Fork.FRONTIER, Fork.BERLIN, Fork.PRAGUE])
def test_a_foreign_genesis_comes_back_from_its_text(fork):
    start = _foreign(config_of(fork), excessBlobGas="0x9", coinbase="0x" + "0c" * 20)
    again = parse_genesis(json.dumps(start.to_json()), foreign=True)
    assert again == start
    assert _header(again) == _header(start)


@pytest.mark.parametrize(
    ("config", "engine"),
    [({}, "ethash"), ({"ethash": {}}, "ethash"), ({"clique": {"period": 3}}, "clique")],
)
def test_a_foreign_genesis_names_its_engine_or_none(config, engine):
    assert _foreign({"homesteadBlock": 4} | config).engine == engine


def test_more_blob_gas_than_a_fee_can_be_reckoned_from_is_refused():
    with pytest.raises(ConfigError, match="excessBlobGas above"):
        _foreign(config_of(Fork.CANCUN), excessBlobGas=hex(EXCESS_BLOB_GAS_MAX + 1))
    assert _foreign(config_of(Fork.CANCUN), excessBlobGas=hex(EXCESS_BLOB_GAS_MAX))


def test_a_genesis_beyond_prague_is_refused_with_the_name_of_the_fork():
    with pytest.raises(ConfigError, match=r"config.osakaTime = 0 is reached at block 0"):
        _foreign(config_of(Fork.PRAGUE) | {"osakaTime": 0})


def test_blobs_are_refused_on_a_chain_of_ours():
    with pytest.raises(ConfigError, match="excessBlobGas"):
        genesis_block(genesis(excess_blob_gas=1), MemoryStateNodes())


@pytest.mark.conformance
def test_genesis_of_execution_apis_has_the_hash_that_its_makers_state():
    start = parse_genesis((apis() / "genesis.json").read_bytes(), foreign=True)
    want = "79e0f5ffb6a0c9f54d507dbbadc935603ac1db86d32f7857472180a75ec11f90"
    assert _header(start).hash().hex() == want
    assert _header(parse_genesis(json.dumps(start.to_json()), foreign=True)).hash().hex() == want


def test_a_base_fee_before_london_stands_in_block_0_if_the_genesis_says_so():
    """As go-ethereum v1.13.15 hashes it."""
    said = _header(_foreign(config_of(Fork.BERLIN), baseFeePerGas="0x7"))
    assert (said.base_fee, len(said.items())) == (7, 16)
    assert _header(_foreign(config_of(Fork.BERLIN))).base_fee is None


def test_a_genesis_without_base_fee_is_written_without():
    start = _foreign(config_of(Fork.BERLIN))
    assert "baseFeePerGas" not in start.to_json()


@pytest.mark.parametrize(
    ("accounts", "says"),
    [
        ({1: GenesisAccount(balance=2**255), 2: GenesisAccount(balance=2**255)}, "add up"),
        ({1: GenesisAccount(storage={1: 7})}, "storage, but neither code nor nonce"),
    ],
)
def test_a_state_that_execution_cannot_keep_is_refused(accounts, says):
    alloc = {Address(bytes([n]) * 20): account for n, account in accounts.items()}
    with pytest.raises(ConfigError, match=says):
        genesis(alloc).check()


def test_balances_may_reach_the_largest_word():
    halves = GenesisAccount(balance=2**255), GenesisAccount(balance=2**255 - 1)
    genesis({Address(bytes([n]) * 20): half for n, half in enumerate(halves)}).check()


@pytest.mark.parametrize(("chain_id", "fits"), [(2**255 - 18, True), (2**255 - 17, False)])
def test_a_chain_id_leaves_room_for_v(chain_id, fits):
    if fits:
        genesis(chain_id=chain_id).check()
    else:
        with pytest.raises(ConfigError, match="chainId"):
            genesis(chain_id=chain_id).check()


def test_storage_may_be_null():
    assert Genesis.from_json(_changed(["alloc", "0b" * 20], {"balance": "1", "storage": None}))
