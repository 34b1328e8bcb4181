"""AuRa against numbers of other clients (consensus.md section 12)."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from node.base.types import ZERO_HASH, Address, Hash32
from node.consensus_poa.aura.finality import Window
from node.consensus_poa.aura.header import difficulty_of
from node.consensus_poa.aura.steps import Steps
from tests.vectors_dir import vectors

pytestmark = pytest.mark.conformance
PATH = vectors("consensus") / "aura.json"


def load(kind: str) -> list[Any]:
    found = [v for v in json.loads(PATH.read_text())["vectors"] if v["type"] == kind]
    assert found, f"{PATH} holds no vectors of type {kind}"
    return [pytest.param(vector, id=vector["id"]) for vector in found]


def validator(index: int) -> Address:
    return Address(bytes([index + 1]) * 20)


class Chain:
    """Pushes blocks and tells what became final."""

    def __init__(self, validators: int, *, two_thirds: bool, genesis_number: int) -> None:
        self.window = Window(ZERO_HASH, genesis_number)
        self.number = genesis_number
        self.validators = validators
        self.two_thirds = two_thirds

    def push(self, signers: Sequence[int]) -> list[int]:
        """Give the numbers of the blocks that the next block makes final."""
        before = self.window.final_number
        self.number += 1
        self.window = self.window.push(
            Hash32(self.number.to_bytes(32, signed=True)),
            self.number,
            [validator(index) for index in signers],
            validators_count=self.validators,
            two_thirds=self.two_thirds,
        )
        return list(range(before + 1, self.window.final_number + 1))

    def undecided(self) -> int:
        return self.number - self.window.final_number


@pytest.mark.parametrize("vector", load("difficulty"))
def test_difficulty(vector: Any) -> None:
    found = difficulty_of(vector["step"], vector["parentStep"], vector["emptySteps"])
    assert found == int(vector["expect"])


@pytest.mark.parametrize("vector", load("step"))
def test_steps_and_the_seconds_to_the_next(vector: Any) -> None:
    durations = sorted((int(time), length) for time, length in vector["stepDurations"].items())
    steps = Steps(durations)
    now = vector["baseTimestamp"] + vector["secondsAfterBase"]
    step = steps.at(now)
    assert step == vector["expect"]["step"]
    assert steps.start_s(step + 1) - now == vector["expect"]["secondsToNextStep"]


@pytest.mark.parametrize("vector", load("finality_push"))
def test_blocks_become_final(vector: Any) -> None:
    chain = Chain(vector["signers"], two_thirds=vector["two_thirds"], genesis_number=-1)
    found = [chain.push(signers) for signers in vector["blocks"]]
    assert found == vector["expect_newly_finalized_after_each"]


@pytest.mark.parametrize("vector", load("finality_unfinalized_count"))
def test_blocks_that_are_not_final(vector: Any) -> None:
    chain = Chain(vector["signers"], two_thirds=vector["two_thirds"], genesis_number=-1)
    for signers in vector["blocks"]:
        chain.push(signers)
    assert chain.undecided() == vector["expect_unfinalized"]


@pytest.mark.parametrize("vector", load("finality_chain"))
def test_the_end_of_a_round_robin_chain(vector: Any) -> None:
    count = vector["validators"]
    chain = Chain(count, two_thirds=vector["two_thirds"], genesis_number=0)
    for number in range(vector["chainLength"]):
        chain.push([number % count])
    assert chain.undecided() == vector["expect_not_finalized"]
