"""Clique against published headers, votes and fork positions (consensus.md section 12)."""

import json
from dataclasses import replace
from typing import Any

import pytest

from node.base.block import Block
from node.base.header import Header
from node.base.keys import PrivateKey
from node.base.types import ZERO_ADDRESS, Address
from node.consensus_poa.clique.engine import CliqueEngine
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.clique.rules import check_on_parent, check_shape
from node.consensus_poa.extra_data import checkpoint_signers, clique_extra
from node.consensus_poa.header import recover_signer, seal_hash
from tests.consensus_poa.chains import (
    VANITY,
    VERIFIER,
    FakeChain,
    Forge,
    ascending,
    key,
)
from tests.vectors_dir import vectors

pytestmark = pytest.mark.conformance
FOLDER = vectors("consensus")


def load(name: str) -> list[Any]:
    path = FOLDER / f"{name}.json"
    found: list[Any] = json.loads(path.read_text())["vectors"]
    assert found, f"{path} holds no vectors"
    return [pytest.param(vector, id=vector["id"]) for vector in found]


# -- voting -----------------------------------------------------------------------------------


def import_blocks(vector: Any) -> tuple[list[str], str | None, int | None]:
    """Import sealed headers one by one; give the sets after each, and the refusal."""
    options = CliqueOptions(epoch=vector["epoch"], period=1)
    forge = Forge([key(label) for label in vector["signers"]], options)
    labels = {key(label).address: label for label in labels_of(vector)}
    engine = forge.engine()
    head, sets = forge.genesis, []
    for index, entry in enumerate(vector["blocks"]):
        if entry.get("new_import_batch"):
            engine = forge.engine()
        header = forge.seal(head, key(entry["signer"]), vote=vote_of(entry), **listed(entry))
        error = engine.verify_header(header, head)
        if error is not None:
            return sets, error, index
        after = engine.voting_state(forge.chain.add(header))
        assert after is not None
        sets.append("".join(sorted(labels[address] for address in after.signers)))
        head = header
    return sets, None, None


def labels_of(vector: Any) -> list[str]:
    """Give every account that a vector names."""
    votes = [entry["vote"]["target"] for entry in vector["blocks"] if entry.get("vote")]
    return [*vector["signers"], *(entry["signer"] for entry in vector["blocks"]), *votes]


def vote_of(entry: Any) -> tuple[Address, bool] | None:
    vote = entry.get("vote")
    return None if vote is None else (key(vote["target"]).address, vote["authorize"])


def listed(entry: Any) -> dict[str, object]:
    if "checkpoint" not in entry:
        return {}
    signers = sorted(key(label).address for label in entry["checkpoint"])
    return {"extra_data": clique_extra(VANITY, signers)}


@pytest.mark.parametrize("vector", load("clique_voting"))
def test_voting_ends_in_the_published_set_or_refusal(vector: Any) -> None:
    sets, failure, index = import_blocks(vector)
    expect = vector["expect"]
    assert failure == expect.get("failure")
    if failure is not None:
        assert index == expect["failing_block_index"]
    else:
        assert sets[-1] == "".join(sorted(expect["signers"]))


@pytest.mark.parametrize("vector", load("clique_voting_random") + load("clique_voting_targeted"))
def test_voting_has_the_set_of_the_oracle_after_every_block(vector: Any) -> None:
    expect = vector["expect"]
    sets, failure, index = import_blocks(vector)
    assert (sets, failure, index) == (
        expect["signers_after_each_block"],
        expect["failure"],
        expect["failing_block_index"],
    )


# -- headers ----------------------------------------------------------------------------------


def header_of(fields: dict[str, Any]) -> Header:
    def data(name: str) -> bytes:
        return bytes.fromhex(fields[name][2:])

    return Header(
        parent_hash=data("parentHash"),  # type: ignore[arg-type]
        ommers_hash=data("sha3Uncles"),  # type: ignore[arg-type]
        coinbase=data("miner"),  # type: ignore[arg-type]
        state_root=data("stateRoot"),  # type: ignore[arg-type]
        transactions_root=data("transactionsRoot"),  # type: ignore[arg-type]
        receipts_root=data("receiptsRoot"),  # type: ignore[arg-type]
        logs_bloom=data("logsBloom"),
        difficulty=fields["difficulty"],
        number=fields["number"],
        gas_limit=fields["gasLimit"],
        gas_used=fields["gasUsed"],
        timestamp=fields["timestamp"],
        extra_data=data("extraData"),
        mix_hash=data("mixHash"),  # type: ignore[arg-type]
        nonce=data("nonce"),
        base_fee=fields.get("baseFeePerGas"),
    )


def options_of(header: Header) -> CliqueOptions:
    return CliqueOptions(london_block=0 if header.base_fee is not None else 2**63)


HEADERS = load("clique_headers")


@pytest.mark.parametrize("vector", HEADERS)
def test_a_published_header_survives_its_codec(vector: Any) -> None:
    header = header_of(vector["header"])
    assert Header.decode(header.encode()) == header


@pytest.mark.parametrize("vector", HEADERS)
def test_a_published_header_has_its_published_hashes(vector: Any) -> None:
    header = header_of(vector["header"])
    assert "0x" + header.hash().hex() == vector["expect"]["hash"]
    assert "0x" + seal_hash(header).hex() == vector["expect"]["sealHash"]


@pytest.mark.parametrize("vector", HEADERS)
def test_a_published_seal_recovers_to_its_signer(vector: Any) -> None:
    signer = recover_signer(header_of(vector["header"]), VERIFIER)
    assert (None if signer is None else "0x" + signer.hex()) == vector["expect"]["signer"]


@pytest.mark.parametrize("vector", HEADERS)
def test_a_published_checkpoint_lists_its_signers(vector: Any) -> None:
    listed_signers = checkpoint_signers(header_of(vector["header"]).extra_data)
    assert ["0x" + s.hex() for s in listed_signers] == vector["expect"]["checkpointSigners"]


@pytest.mark.parametrize("vector", HEADERS)
def test_a_published_header_breaks_no_rule_by_itself(vector: Any) -> None:
    header = header_of(vector["header"])
    assert check_shape(header, options_of(header)) is None


@pytest.mark.parametrize("vector", [v for v in HEADERS if "block_rlp" in v.values[0]])
def test_a_published_block_decodes_to_its_header(vector: Any) -> None:
    raw = bytes.fromhex(vector["block_rlp"][2:])
    decoded = Block.decode(raw)
    assert decoded.header == header_of(vector["header"])
    assert decoded.encode() == raw


def test_published_headers_pass_the_import_check_on_their_published_parents() -> None:
    """Whole branches from a published genesis: links, gas rules, seals, turns."""
    headers = [header_of(vector.values[0]["header"]) for vector in HEADERS]
    checked = 0
    for genesis in (header for header in headers if header.number == 0):
        chain = FakeChain(genesis)
        engine = engine_on(chain, options_of(genesis))
        for header in sorted(headers, key=lambda h: h.number):
            parent = chain.header_by_hash(header.parent_hash)
            if parent is not None:
                assert engine.verify_header(header, parent) is None
                chain.add(header)
                checked += 1
    if not checked:
        pytest.skip(f"no header in {FOLDER} has a parent that leads to a genesis")


def test_published_headers_stand_on_their_published_parents() -> None:
    headers = [header_of(vector.values[0]["header"]) for vector in HEADERS]
    by_hash = {header.hash(): header for header in headers}
    for header in headers:
        parent = by_hash.get(header.parent_hash)
        if parent is not None:
            assert header.number == parent.number + 1
            assert check_on_parent(header, parent, options_of(header)) is None


def engine_on(chain: FakeChain, options: CliqueOptions) -> CliqueEngine:
    forge = Forge([])
    forge.chain, forge.options = chain, options
    return forge.engine()


# -- deadlocks --------------------------------------------------------------------------------


class Position:
    """A fork position of the vectors, built of really sealed headers."""

    def __init__(self, vector: Any) -> None:
        self.vector = vector
        self.keys = ascending(vector["N"])
        self.forge = Forge(self.keys)
        prefix = vector.get("prefix_signers")
        if prefix is None:
            prefix = [number % vector["N"] for number in range(1, vector["base"] + 1)]
        self.base = self._grow(self.forge.genesis, prefix)
        self.heads = {
            "A": self._grow(self.base, vector["forkA"]),
            "B": self._grow(self.base, vector["forkB"]),
        }

    def _grow(self, parent: Header, signers: list[int]) -> Header:
        engine = self.forge.engine()
        for index in signers:
            header = self.forge.seal(parent, self.keys[index])
            assert engine.verify_header(header, parent) is None
            self.forge.chain.add(header)
            parent = header
        return parent

    def weight(self, head: Header) -> int:
        return self.forge.chain.weights[head.hash()]

    def engine(self, rule: str, index: int) -> CliqueEngine:
        self.forge.options = replace(self.forge.options, fork_choice=rule)  # type: ignore[arg-type]
        return self.forge.engine(self.keys[index], entropy=f"node {index}")

    def followed(self, rule: str, index: int) -> str:
        """Give the fork that an online validator follows once it knows both heads."""
        name = "A" if index in self.vector["nodes_on_A"] else "B"
        other = "B" if name == "A" else "A"
        moves = self.engine(rule, index).fork_choice(self.heads[name], self.heads[other])
        return other if moves else name

    def may_seal(self, index: int, name: str) -> bool:
        head = self.heads[name]
        snapshot = self.engine("td", index).voting_state(head.hash())
        assert snapshot is not None
        return snapshot.may_seal(head.number + 1, self.keys[index].address)

    def sealers(self, rule: str) -> list[int]:
        online = sorted(self.vector["online"])
        return [i for i in online if self.may_seal(i, self.followed(rule, i))]


DEADLOCKS = load("clique_deadlocks")


@pytest.mark.parametrize("vector", DEADLOCKS)
def test_both_forks_have_the_stated_height_and_equal_weight(vector: Any) -> None:
    position = Position(vector)
    gains = {
        name: position.weight(head) - position.weight(position.base)
        for name, head in position.heads.items()
    }
    assert gains == {"A": vector["td_gain"], "B": vector["td_gain"]}
    assert position.heads["A"].number == vector["headA"]
    assert position.heads["B"].number == vector["headB"]


@pytest.mark.parametrize("vector", DEADLOCKS)
def test_by_difficulty_alone_the_position_halts_as_stated(vector: Any) -> None:
    position = Position(vector)
    halts = position.sealers("td") == []
    stays = all(
        position.followed("td", i) == ("A" if i in vector["nodes_on_A"] else "B")
        for i in vector["online"]
    )
    assert stays
    assert halts == (vector["first_seen"] == "deadlock")


@pytest.mark.parametrize("vector", DEADLOCKS)
def test_geths_rule_leads_to_the_shorter_head_or_halts(vector: Any) -> None:
    """At equal length every online validator keeps the own head or a coin decides."""
    position = Position(vector)
    followed = {position.followed("geth", i) for i in vector["online"]}
    if vector["shortest"] in ("A", "B"):
        assert followed == {vector["shortest"]}
    else:
        assert vector["headA"] == vector["headB"]
        assert position.sealers("td") == []


@pytest.mark.parametrize("vector", DEADLOCKS)
def test_eip3436_brings_all_online_validators_to_one_head_that_grows(vector: Any) -> None:
    position = Position(vector)
    winner = vector["eip3436_winner"]
    if winner is None:
        winner = min(position.heads, key=lambda name: position.heads[name].hash())
    assert {position.followed("eip3436", i) for i in vector["online"]} == {winner}
    if vector["eip3436_winner"] is not None:
        assert position.sealers("eip3436") == sorted(vector["eip3436_can_seal_next"])


def test_a_label_never_names_two_keys() -> None:
    keys: list[PrivateKey] = [key(chr(c)) for c in range(ord("A"), ord("Z") + 1)]
    assert len({k.address for k in keys}) == len(keys)
    assert ZERO_ADDRESS not in {k.address for k in keys}
