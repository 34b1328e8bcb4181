"""The engine of a genesis: its options, where its validators come from, how its headers travel."""

import pytest

from node.app.genesis_engines import contracts_of, header_form, kept_genesis, observer_of
from node.base.errors import ConfigError
from node.base.header_form import WHOLE
from node.consensus_poa.aura.engine import AuraEngine
from node.consensus_poa.clique.engine import CliqueEngine
from node.consensus_poa.ibft1.engine import Ibft1Engine
from node.consensus_poa.qbft.engine import QbftEngine
from node.evm.genesis import Genesis
from tests.app.bft_chain import CANCUN, FORKS, MEMBERS, genesis_json
from tests.app.registry_chain import ONES, Chain
from tests.app.sealed_chain import A, clique_genesis, fresh
from tests.evm.chains import VERIFIER

ADDRESSES = tuple(key.address for key in MEMBERS)
CONTRACT = "0x" + "c0" * 20
OTHER = "0x" + "0d" * 20


def read(*words, **more):
    return Genesis.from_json(genesis_json(*words, **more), foreign=True)


def observer(of):
    return observer_of(of, fresh(kept_genesis(of)), VERIFIER)


@pytest.mark.parametrize(
    ("engine", "kind"),
    [("qbft", QbftEngine), ("ibft", Ibft1Engine), ("istanbul", Ibft1Engine)],
)
def test_the_set_of_a_bft_genesis_is_what_it_lists(engine, kind):
    of = read(engine)
    found = observer(of)
    assert isinstance(found, kind)
    assert found.validators_after_block(fresh(of).genesis_hash) == ADDRESSES


@pytest.mark.parametrize(("engine", "kind"), [("clique", CliqueEngine), ("aura", AuraEngine)])
def test_engines_with_a_seal_at_the_end_read_the_list_before_it(engine, kind):
    settings = {} if engine == "aura" else {"period": 1}
    plain = clique_genesis([A])
    text = plain.to_json()
    del text["config"]["clique"]
    text["config"][engine] = settings
    of = Genesis.from_json(text)
    found = observer(of)
    assert isinstance(found, kind)
    assert found.validators_after_block(fresh(of).genesis_hash) == (A.address,)


@pytest.mark.parametrize("engine", ["qbft", "ibft", "clique", "aura"])
def test_a_genesis_that_names_nobody_is_refused(engine):
    text = genesis_json("qbft", members=[])
    del text["config"]["qbft"]
    text["config"][engine] = {}
    with pytest.raises(ConfigError, match="genesis: "):
        observer(Genesis.from_json(text))


@pytest.mark.parametrize("engine", ["qbft", "aura"])
def test_a_contract_that_the_settings_name_is_asked(engine):
    chain = Chain(validators=4)
    text = chain.genesis.to_json()
    del text["config"]["clique"]
    text["config"][engine] = {"validatorcontractaddress": f"0x{chain.government.address.hex()}"}
    of = Genesis.from_json(text)
    assert observer(of).validators_after_block(fresh(of).genesis_hash) == tuple(sorted(ONES[:4]))


def test_contracts_follow_one_another_by_block():
    change = {"block": 7, "validatorselectionmode": "contract", "validatorcontractaddress": OTHER}
    back = {"block": 9, "validatorselectionmode": "blockheader"}
    of = read(
        "qbft",
        settings={"validatorcontractaddress": CONTRACT},
        transitions={"qbft": [back, change]},
    )
    assert contracts_of(of) == ((0, b"\xc0" * 20), (7, b"\x0d" * 20))


@pytest.mark.parametrize("wrong", [{"qbft": {}}, {"qbft": [7]}])
def test_transitions_that_are_no_list_of_objects_are_refused(wrong):
    with pytest.raises(ConfigError, match=r"transitions\.qbft wants a list"):
        observer(read("qbft", transitions=wrong))


def test_transitions_outlive_the_file():
    of = read("qbft", CANCUN, transitions={"qbft": [{"block": 3, "validators": [OTHER]}]})
    assert Genesis.from_json(of.to_json()) == of


def test_forks_by_time_after_block_0_are_refused_by_name():
    with pytest.raises(ConfigError, match="shanghaiTime and cancunTime both 0"):
        observer(read("qbft", FORKS | {"shanghaiTime": 9}))


@pytest.mark.parametrize("engine", ["clique", "aura"])
def test_headers_of_clique_and_aura_travel_whole(engine):
    assert header_form(Genesis.from_json(genesis_json(engine))) is WHOLE


def test_only_ibft2_keeps_another_genesis():
    of, other = read("ibft2"), read("qbft")
    assert kept_genesis(other) is other
    assert len(kept_genesis(of).extra_data) < len(of.extra_data)


def test_a_genesis_of_ibft2_wants_its_layout():
    text = genesis_json("ibft2") | {"extraData": "0x" + "00" * 97}
    with pytest.raises(ConfigError, match="genesis: rlp"):
        kept_genesis(Genesis.from_json(text))
