"""``chain import | export | verify | snapshot`` of chains whose seals are not Clique's."""

import io
import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from node.app.chain_import import import_chain
from node.app.genesis_engines import header_form
from node.app.seal_judge import judge_for
from node.base import rlp
from node.base.block import Block
from node.base.errors import WardnetError
from node.base.keys import MemoVerifier
from node.commands.data_dir import genesis_of, open_store
from node.commands.main import main
from node.consensus_poa.ibft1.header import IstanbulExtra
from node.consensus_poa.ibft2_codec import Ibft2Extra
from node.consensus_poa.qbft.header import QbftExtra
from node.evm.chain_file import encode_chain, split_items
from node.evm.ledger import Ledger
from node.sim.loader import load
from node.sim.run_chains import chain_files
from node.sim.run_folder import write_run
from node.sim.runner import _Run
from tests.app.bft_chain import CANCUN, FORKS, MEMBERS, STRANGER, BftChain, genesis_json
from tests.evm.chains import CAROL, legacy
from tests.sim.small import HEAD

PRE_BERLIN = {name: 0 for name in FORKS if name not in ("berlinBlock", "londonBlock")}
QUORUM = PRE_BERLIN | {"isQuorum": True, "qip714Block": 0}
KINDS = {
    "qbft-cancun": ("qbft", CANCUN, 20),
    "qbft-london": ("qbft", FORKS, 16),
    "qbft-berlin": ("qbft", {"berlinBlock": 0}, 15),
    "qbft-late-london": ("qbft", {"berlinBlock": 0, "londonBlock": 3}, 16),
    "ibft1-london": ("ibft", FORKS, 16),
    "ibft1-quorum": ("istanbul", QUORUM, 15),
    "ibft2-london": ("ibft2", FORKS, 16),
    "ibft2-berlin": ("ibft2", {"berlinBlock": 0}, 15),
}
"""Engine as in the genesis, forks as its users write them, fields of the newest header."""


def chain_of(kind: str) -> BftChain:
    """Give a chain of three blocks, one of a later round, one with a transaction."""
    engine, forks, _ = KINDS[kind]
    chain = BftChain(genesis_json(engine, forks))
    chain.add(legacy(CAROL, 0), committers=MEMBERS[1:])
    chain.add(round=3)
    chain.add(wait=4)
    return chain


def put(place, chain: BftChain, data: bytes | None = None) -> list[str]:
    """Write genesis and blocks; give the words that import them into ``place``/d."""
    (place / "genesis.json").write_text(json.dumps(chain.data))
    (place / "chain.rlp").write_bytes(chain.file() if data is None else data)
    files = ["--genesis", str(place / "genesis.json"), "--blocks", str(place / "chain.rlp")]
    return ["chain", "import", *files, "--data", str(place / "d")]


def stored(place) -> tuple[Any, bytes]:
    """Give the head of the store, and its chain as a file."""
    parsed, text = genesis_of(place / "d")
    store = open_store(place / "d", parsed, text)
    ledger = Ledger(parsed, verifier=MemoVerifier(), store=store)
    data = b"".join(encode_chain(ledger, header_form(parsed)))
    head = ledger.head
    store.close()
    return head, data


@pytest.mark.parametrize("kind", KINDS)
def test_a_chain_comes_in_to_its_head_and_goes_out_with_its_bytes(tmp_path, kind):
    chain = chain_of(kind)
    for _ in range(2):  # the second time all blocks are known
        assert main(put(tmp_path, chain)) == 0
    head, data = stored(tmp_path)
    assert (head, data) == (chain.head, chain.file())
    assert len(head.items()) == KINDS[kind][2]


@pytest.mark.parametrize("kind", KINDS)
def test_a_chain_is_verified_with_its_seals(tmp_path, kind, capsys):
    assert main(put(tmp_path, chain_of(kind))) == 0
    capsys.readouterr()
    assert main(["chain", "verify", str(tmp_path / "d"), "--full", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["clean"], told["executed_again"], told["seals_checked"]) == (True, 3, True)


@pytest.mark.parametrize("kind", ["qbft-cancun", "ibft1-london", "ibft2-london"])
def test_a_snapshot_carries_the_seals_and_they_are_judged(tmp_path, kind, capsys):
    words = put(tmp_path, chain_of(kind))
    assert main(words) == 0
    snap, other = str(tmp_path / "x.snap"), str(tmp_path / "other")
    assert main(["chain", "snapshot", str(tmp_path / "d"), "--out", snap]) == 0
    assert main([*words[:4], "--snapshot", snap, "--data", other]) == 0
    assert "seals checked" in capsys.readouterr().out
    again = str(tmp_path / "again.snap")
    assert main(["chain", "snapshot", other, "--out", again]) == 0
    assert (tmp_path / "again.snap").read_bytes() == (tmp_path / "x.snap").read_bytes()


# -- wrong input

EXTRA: dict[str, Any] = {"qbft": QbftExtra, "ibft": IstanbulExtra, "ibft2": Ibft2Extra}
RULES = {
    "few": {
        "qbft": "not_enough_seals",
        "ibft": "too_few_committed_seals",
        "ibft2": "too_few_committed_seals",
    },
    "none": {
        "qbft": "not_enough_seals",
        "ibft": "empty_committed_seals",
        "ibft2": "too_few_committed_seals",
    },
    "foreign": {
        "qbft": "unauthorized_seal",
        "ibft": "invalid_committed_seal",
        "ibft2": "invalid_committed_seal",
    },
    "twice": {
        "qbft": "duplicate_seal",
        "ibft": "duplicate_committed_seal",
        "ibft2": "duplicate_committed_seal",
    },
    "listed": dict.fromkeys(EXTRA, "mismatching_validators"),
    "shape": dict.fromkeys(EXTRA, "invalid_extra_data"),
    "early": dict.fromkeys(EXTRA, "invalid_timestamp"),
}
LEAST = {"qbft": 3, "ibft": 2, "ibft2": 3}
"""Seals that a header of four validators needs."""


def wrong(chain: BftChain, fault: str) -> Block:
    """Give a block with one fault, else as it must be."""
    signing = MEMBERS[: LEAST[chain.genesis.engine]]
    addresses = [key.address for key in MEMBERS]
    if fault == "shape":
        block = chain.make()
        extra = bytearray(block.header.extra_data)
        if chain.genesis.engine == "ibft":  # a list in the long form that is no longer than 55
            extra[32:] = b"\xf8\x03\xc0\x80\xc0"
        else:
            extra[:] = b"\xf8\x05\xc0\xc0\xc0\x80\xc0"
        return replace(block, header=replace(block.header, extra_data=bytes(extra)))
    choices: dict[str, dict[str, Any]] = {
        "few": {"committers": signing[1:]},
        "none": {"committers": ()},
        "foreign": {"committers": [*signing, STRANGER]},
        "twice": {"committers": [*signing, signing[0]]},
        "listed": {"listed": [*addresses, STRANGER.address]},
        "early": {"wait": 0},
    }
    return chain.make(**choices[fault])


@pytest.mark.parametrize("engine", EXTRA)
@pytest.mark.parametrize("fault", RULES)
def test_a_wrong_seal_is_refused_by_name_and_leaves_nothing(tmp_path, capsys, engine, fault):
    chain = BftChain(genesis_json(engine))
    chain.add()
    bad = wrong(chain, fault)
    assert main(put(tmp_path, chain, chain.file() + bad.encode())) == 1
    said = capsys.readouterr().err
    assert "block 2, 0x" in said
    assert f"it breaks {RULES[fault][engine]}" in said
    assert "Traceback" not in said
    head, data = stored(tmp_path)
    assert (head, data) == (chain.head, chain.file())
    assert main(["chain", "verify", str(tmp_path / "d")]) == 0


@pytest.mark.parametrize("engine", EXTRA)
def test_a_block_whose_rlp_is_not_canonical_is_named_by_its_place(tmp_path, capsys, engine):
    chain = BftChain(genesis_json(engine))
    raw = chain.make().encode()
    items = rlp.decode(raw)
    assert not isinstance(items, bytes)
    body = b"".join(rlp.encode(item) for item in items)
    loose = b"\xfa" + len(body).to_bytes(3) + body
    assert main(put(tmp_path, chain, chain.file() + loose)) == 1
    assert "item 1 of the chain file" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["qbft-cancun", "ibft1-quorum", "ibft2-berlin"])
def test_without_seal_checks_such_a_chain_keeps_its_bytes(tmp_path, kind):
    chain = chain_of(kind)
    chain.add(committers=())
    chain.add(committers=[STRANGER])
    words = put(tmp_path, chain)
    assert main([*words, "--no-seal"]) == 0
    assert stored(tmp_path) == (chain.head, chain.file())
    assert main(words) == 1
    assert main(["chain", "verify", str(tmp_path / "d"), "--full"]) == 1


@pytest.mark.parametrize("engine", EXTRA)
def test_a_flipped_bit_of_any_byte_of_a_block_is_refused_by_one_of_our_errors(engine):
    chain = BftChain(genesis_json(engine))
    raw = chain.make(legacy(CAROL, 0), committers=MEMBERS[:3]).encode()
    for at in range(len(raw)):
        changed = bytearray(raw)
        changed[at] ^= 1 << at % 8
        ledger = Ledger(chain.genesis, verifier=MemoVerifier())
        judge = judge_for(chain.genesis, ledger, MemoVerifier(), checks_seals=True)
        with pytest.raises(WardnetError) as caught:
            import_chain(ledger, judge, split_items(io.BytesIO(bytes(changed))))
        assert caught.value.exit_code == 1, at
        assert ledger.head_hash == ledger.genesis_hash


def test_a_second_decision_at_one_height_is_refused(tmp_path, capsys):
    chain = BftChain(genesis_json("qbft"))
    other = chain.make(wait=9)
    chain.add()
    assert main(put(tmp_path, chain, chain.file() + other.encode())) == 1
    assert "is final at its height" in capsys.readouterr().err
    assert stored(tmp_path) == (chain.head, chain.file())


def test_other_seals_for_a_known_block_are_judged_and_the_first_ones_stay(tmp_path):
    chain = BftChain(genesis_json("qbft"))
    first, other = (chain.make(committers=some) for some in (MEMBERS[:3], MEMBERS[1:]))
    data = chain.file() + first.encode()
    assert first.header != other.header
    assert main(put(tmp_path, chain, data)) == 0
    assert main(put(tmp_path, chain, chain.file() + other.encode())) == 0
    assert stored(tmp_path)[1] == data
    few = chain.make(committers=MEMBERS[2:])
    assert main(put(tmp_path, chain, chain.file() + few.encode())) == 1


def test_a_transition_to_listed_validators_is_followed(tmp_path):
    listed = [f"0x{key.address.hex()}" for key in MEMBERS[:2]]
    change = {"qbft": [{"block": 2, "validators": listed}]}
    chain = BftChain(genesis_json("qbft", transitions=change))
    chain.add()
    everybody, chain.members = chain.make(), MEMBERS[:2]
    assert main(put(tmp_path, chain, chain.file() + everybody.encode())) == 1
    chain.add()
    assert main(put(tmp_path, chain)) == 0


# -- runs of the simulator

RUN = """
  - {do: register_patient, patient: p0}
  - {do: withdraw_validator, hospital: h1}
"""
ENGINES = {
    "qbft": "qbft",
    "qbft-votes": "qbft, validators_from: header",
    "ibft1": "ibft1",
    "aura": "aura",
}


@pytest.fixture(scope="module", params=ENGINES)
def exported(request, tmp_path_factory):
    """Play a small network whose set changes, and export the chain of a node."""
    place = tmp_path_factory.mktemp("run")
    text = HEAD.replace("UNTIL", "40s") + "steps:" + RUN
    text = text.replace("clique, fork_choice: eip3436", ENGINES[request.param])
    scenario = load(text.replace("validators: 2", "validators: 5"), "small.yaml")
    run = _Run(scenario, {}, lambda _event: None)
    run.play()
    world = run.world
    heads = {name: core.ledger.head for name, core in world.nodes.items()}
    nodes = [
        {"name": name, "height": head.number, "head_hash": f"0x{head.hash().hex()}"}
        for name, head in heads.items()
    ]
    ledgers = (core.ledger for core in world.nodes.values())
    files = chain_files(world.beginning.genesis, ledgers)
    write_run(place / "run", files, json.dumps({"nodes": nodes}))
    words = ["--run", str(place / "run"), "--node", "h0", "--out", str(place)]
    assert main(["chain", "export", *words]) == 0
    return place, heads["h0"], world.nodes["h0"].chain


def words_of(place, data="d") -> list[str]:
    files = ["--genesis", str(place / "genesis.json"), "--blocks", str(place / "chain.rlp")]
    return ["chain", "import", *files, "--data", str(place / data)]


def test_a_run_goes_out_and_comes_in_to_the_same_head_and_bytes(exported):
    place, head, _ = exported
    assert main(words_of(place)) == 0
    assert head.number > 20
    assert stored(place) == (head, (place / "chain.rlp").read_bytes())
    assert main(["chain", "verify", str(place / "d"), "--full"]) == 0


def test_the_set_changed_on_the_way(exported):
    _, head, chain = exported
    assert len(chain._engine.validators_after_block(chain.ledger.genesis_hash)) == 5
    assert len(chain._engine.validators_after_block(head.hash())) == 4


def test_a_flipped_byte_in_a_seal_of_a_run_is_refused(exported, tmp_path, capsys):
    place, head, chain = exported
    data = bytearray((place / "chain.rlp").read_bytes())
    form = chain.plan.form
    full = form.join(head, chain.ledger.certificate(head.hash()))
    at = data.rindex(full.extra_data) + len(full.extra_data) - 5
    data[at] ^= 1
    (tmp_path / "chain.rlp").write_bytes(data)
    (tmp_path / "genesis.json").write_bytes((place / "genesis.json").read_bytes())
    capsys.readouterr()
    assert main(words_of(tmp_path)) == 1
    assert f"block {head.number}, 0x" in capsys.readouterr().err
    assert stored(tmp_path)[0].number == head.number - 1


def test_a_snapshot_of_a_set_from_a_contract_is_taken_on_trust_alone(exported, tmp_path, capsys):
    place, _, chain = exported
    assert main(words_of(place)) == 0
    snap = str(tmp_path / "x.snap")
    assert main(["chain", "snapshot", str(place / "d"), "--out", snap]) == 0
    words = [*words_of(place)[:4], "--snapshot", snap, "--data", str(tmp_path / "e")]
    capsys.readouterr()
    is_contract = chain.plan.registry == "set"
    assert main(words) == (2 if is_contract else 0)
    assert ("--no-seal" in capsys.readouterr().err) == is_contract
    if is_contract:
        assert main([*words, "--no-seal"]) == 0
        capsys.readouterr()
        assert main(words_of(place, data=tmp_path / "e")) == 0  # known, and their state is gone
        assert "seals are not checked: a contract" in capsys.readouterr().out


def test_exported_headers_have_their_seals_and_link_by_canonical_hashes(exported):
    place, _, chain = exported
    blocks = [Block.decode(raw) for raw in encode_chain(chain.ledger, chain.plan.form)]
    kept = [chain.plan.form.split(block.header)[0] for block in blocks]
    assert b"".join(block.encode() for block in blocks) == (place / "chain.rlp").read_bytes()
    assert all(child.parent_hash == parent.hash() for parent, child in pairwise(kept))
