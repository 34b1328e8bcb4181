import json
from dataclasses import replace

import pytest

from node.base.keccak import keccak256
from node.base.keys import MemoVerifier, PrivateKey
from node.base.types import ZERO_ADDRESS, ZERO_HASH
from node.sim.checkers.clique_seals import CliqueSealChecker
from tests.base.headers import empty_header
from tests.vectors_dir import vectors

VERIFIER = MemoVerifier()
KEYS = {chr(65 + n): PrivateKey.from_bytes(bytes([n + 1]) * 32) for n in range(26)}
EMPTY = empty_header()


class Branch:
    """A branch of sealed headers on a genesis of labelled signers."""

    def __init__(self, signers, epoch=30_000):
        listed = b"".join(sorted(KEYS[label].address for label in signers))
        genesis = replace(EMPTY, extra_data=bytes(32) + listed + bytes(65))
        self.head = genesis
        self.epoch = epoch
        self.checker = CliqueSealChecker(genesis.encode(), epoch=epoch, verifier=VERIFIER)

    def signers(self):
        return self.checker.after(self.head.hash())

    def seal(self, label, vote=None, difficulty=None, listed=None):
        number = self.head.number + 1
        members = self.signers()
        key = KEYS[label]
        at = members.index(key.address) if key.address in members else -1
        due = members if number % self.epoch == 0 else ()
        listed = b"".join(due if listed is None else addresses(listed))
        header = replace(
            EMPTY,
            number=number,
            parent_hash=self.head.hash(),
            timestamp=number,
            coinbase=KEYS[vote["target"]].address if vote else ZERO_ADDRESS,
            nonce=b"\xff" * 8 if vote and vote["authorize"] else bytes(8),
            difficulty=difficulty or (2 if number % len(members) == at else 1),
            extra_data=bytes(32) + listed,
        )
        seal = key.sign(keccak256(header.encode()))
        return replace(header, extra_data=header.extra_data + seal)

    def extend(self, *args, **terms):
        header = self.seal(*args, **terms)
        fault = self.checker.judge(header.encode())
        if fault is None:
            self.head = header
        return fault


def addresses(labels):
    return tuple(sorted(KEYS[label].address for label in labels))


def cases(name):
    return json.loads((vectors("consensus") / name).read_text())["vectors"]


@pytest.mark.conformance
@pytest.mark.parametrize("name", ["clique_voting.json", "clique_voting_targeted.json"])
def test_the_judge_agrees_with_the_published_votes(name):
    for case in cases(name):
        branch = Branch(case["signers"], case["epoch"])
        failing = case["expect"].get("failing_block_index")
        for index, block in enumerate(case["blocks"]):
            listed = block.get("checkpoint")
            fault = branch.extend(block["signer"], block.get("vote"), listed=listed)
            assert (fault is None) == (index != failing), (case["id"], index, fault)
            if index == failing:
                break
        if "signers" in case["expect"]:
            assert branch.signers() == addresses(case["expect"]["signers"]), case["id"]


def test_a_stranger_may_not_seal():
    assert "no signer" in Branch("AB").extend("C")


def test_a_signer_may_not_seal_twice_within_the_limit():
    branch = Branch("ABC")
    assert branch.extend("A") is None
    assert "may not seal again yet" in branch.extend("A")


def test_a_checkpoint_must_list_the_signers():
    branch = Branch("AB", epoch=1)
    assert "lists 1 signers, wants the 2" in branch.extend("A", listed="A")
    assert branch.extend("A") is None


def test_only_a_checkpoint_may_list_signers():
    assert "lists 2 signers, wants the 0" in Branch("AB").extend("A", listed="AB")


def test_a_lone_signer_may_seal_every_block():
    branch = Branch("A")
    assert [branch.extend("A") for _ in range(4)] == [None] * 4


def test_the_difficulty_tells_the_turn():
    branch = Branch("AB")
    in_turn = next(x for x in "AB" if branch.seal(x).difficulty == 2)
    assert "difficulty 1" in branch.extend(in_turn, difficulty=1)


def test_a_seal_that_recovers_to_nobody_is_named():
    branch = Branch("A")
    header = branch.seal("A")
    bad = replace(header, extra_data=header.extra_data[:-1] + b"\x07")
    assert "recovers to nobody" in branch.checker.judge(bad.encode())


def test_a_header_on_an_unknown_parent_is_named():
    branch = Branch("AB")
    stray = replace(branch.seal("A"), parent_hash=ZERO_HASH)
    assert "never shown" in branch.checker.judge(stray.encode())


def test_a_header_that_does_not_decode_is_named():
    assert "wants a list" in Branch("A").checker.judge(b"\xc0")


def test_a_header_is_judged_once():
    branch = Branch("A")
    header = branch.seal("A")
    assert branch.checker.judge(header.encode()) is None
    assert branch.checker.judge(header.encode()) is None
