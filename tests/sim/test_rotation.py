"""A node makes blocks with its new key as soon as the engine knows it."""

import pytest

from node.base.keys import PrivateKey
from node.base.types import Hash32
from node.sim.facts import FinalAt, HeadAt
from node.sim.loader import load, resolve
from node.sim.rotation import Rotations
from tests.sim import small

KEY = PrivateKey.from_bytes(b"\x07" * 32)
HEAD = HeadAt("h1", Hash32(bytes(32)), 4)


class Case:
    def __init__(self) -> None:
        self.members = frozenset()
        self.started: list[str] = []
        self.rotations = Rotations(lambda _node: self.members, self.started.append)


def test_a_key_waits_until_it_is_in_the_set() -> None:
    case = Case()
    case.rotations.rotated("h1", KEY)
    case.rotations.observe(HEAD)
    assert (case.started, case.rotations.keys) == ([], {})
    case.members = frozenset((KEY.address,))
    case.rotations.observe(FinalAt("h1", HEAD.hash, 4))
    assert case.started == []
    case.rotations.observe(HEAD)
    case.rotations.observe(HEAD)
    assert (case.started, case.rotations.keys) == (["h1"], {"h1": KEY})


def test_a_key_that_is_in_the_set_already_is_taken_at_once() -> None:
    case = Case()
    case.members = frozenset((KEY.address,))
    case.rotations.rotated("h1", KEY)
    assert case.started == ["h1"]


@pytest.mark.parametrize("engine", ["qbft", "aura", "clique", "ibft1"])
def test_a_rotated_validator_goes_on_making_blocks(engine: str) -> None:
    text = small.text("\n  - {do: rotate_validator_key, id: rotated, hospital: h1}\n", until="90s")
    run = small._Run(resolve(load(text, "x.yaml"), {"chain.consensus": engine}), {}, print)
    run.play()
    world = run.world
    old, new = world.cast.hospitals["h1"].signer.address, world.rotations.keys["h1"].address
    core = world.nodes["h0"]
    assert core.chain.validators == {world.nodes["h0"].address, new}
    assert old not in core.chain.validators
    last = core.ledger.head.number
    makers = {core.chain.maker_of(core.ledger.header_by_number(n)) for n in range(last - 6, last)}
    assert new in makers
