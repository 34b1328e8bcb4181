"""Random walks of the authority and of hospitals: what section 8 promises holds in every block."""

from dataclasses import replace
from random import Random

import pytest

from node.base.errors import CallRevertedError
from node.base.types import Address
from node.contracts.government_actions import (
    Action,
    AdmitValidator,
    EmergencyWithdraw,
    SuspendHospital,
    VerifyHospital,
    WithdrawValidator,
)
from node.contracts.key_rotation import RotateKey
from tests.contracts.stock_chain import BLOCK_SECONDS, CHAIN_ID
from tests.contracts.validators import LICENCE, NODE_ID, record, set_now, set_of
from tests.contracts.world import MEMBERS, SETTINGS, World, account, key_of

MINIMUM, FIRST, BLOCKS = 3, 9, 40
SOLE = MEMBERS[:1]


def _cap(size: int) -> int:
    return max(1, (size - 1) // 3)


class _Walk:
    """One member decides alone, so that each transaction enacts or is refused."""

    def __init__(self, seed: int, *, emergencies: bool) -> None:
        self.random = Random(seed)
        self.names = {account(f"first {i}"): f"first {i}" for i in range(FIRST)}
        settings = replace(
            SETTINGS, members=SOLE, validators=tuple(self.names), min_validators=MINIMUM
        )
        self.world = World.deployed(settings)
        for name in tuple(self.names.values()):
            hospitals = self.world.suite.hospitals
            self.world.send(name, hospitals.address, self.world.application(name))
            self.send(self.world.suite.government.propose(VerifyHospital(account(name))))
        self.hospitals = tuple(self.names)
        self.kinds = ["withdraw"] * 3 + ["admit"] * 3 + ["rotate"] * 3 + ["suspend", "lift"]
        self.kinds += ["emergency"] * emergencies
        self.done: dict[str, int] = dict.fromkeys(self.kinds, 0)

    def send(self, data: bytes) -> bool:
        """Say whether the contract took it; all in the block of the chain as it stands."""
        try:
            address = self.world.suite.government.address
            self.world.send(SOLE[0], address, data, block=False)
        except CallRevertedError:
            return False
        return True

    def step(self) -> None:
        kind = self.random.choice(self.kinds)
        key = self.random.choice(sorted(self.names))
        self.done[kind] += self.send(self._call(kind, key))

    def _call(self, kind: str, key: Address) -> bytes:
        if kind == "rotate":
            return self._rotation(key)
        hospital = self.random.choice(self.hospitals)
        if kind == "admit" and self.random.random() < 0.5:
            key = self._new_key()
        actions: dict[str, Action] = {
            "withdraw": WithdrawValidator(key),
            "emergency": EmergencyWithdraw(key),
            "admit": AdmitValidator(hospital, key, NODE_ID, LICENCE),
            "suspend": SuspendHospital(hospital),
            "lift": VerifyHospital(hospital),
        }
        return self.world.suite.government.propose(actions[kind])

    def _new_key(self) -> Address:
        name = f"later {len(self.names)}"
        self.names[account(name)] = name
        return account(name)

    def _rotation(self, old: Address) -> bytes:
        new = self.random.choice((self._new_key(), self.random.choice(sorted(self.names))))
        government = self.world.suite.government
        by_old, by_new = RotateKey(old, new, record(self.world, old).active_from).proofs(
            key_of(self.names[old]),
            key_of(self.names[new]),
            chain_id=CHAIN_ID,
            government=government.address,
        )
        return government.rotate_key(old, new, by_old=by_old, by_new=by_new)


@pytest.mark.parametrize("emergencies", [False, True])
@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 4))]
)
def test_every_block_of_a_walk_keeps_the_promises(seed: int, emergencies: bool) -> None:
    """Cap, minimum and order hold, and no block changes its own set."""
    walk = _Walk(seed, emergencies=emergencies)
    world, before = walk.world, set_now(walk.world)
    for _ in range(BLOCKS):
        world.chain.wait(BLOCK_SECONDS)
        assert set_of(world, world.chain.number) == before, (
            "nothing acts on the block that enacts it"
        )
        for _ in range(walk.random.randrange(5)):
            walk.step()
        after = set_now(world)
        assert len(set(before) - set(after)) <= _cap(len(before))
        assert list(after) == sorted(set(after))
        assert len(after) >= (1 if walk.done.get("emergency") else MINIMUM)
        for key in after:
            known = record(world, key)
            assert known.active_from <= world.chain.number + 1
        before = after
    assert all(walk.done[kind] for kind in ("withdraw", "admit", "rotate", "suspend")), walk.done
    _let_all_leave(walk, before)


def _let_all_leave(walk: _Walk, before: tuple[Address, ...]) -> None:
    """What is scheduled comes within the cap, block by block, and ends."""
    world = walk.world
    ends = [record(world, key).active_until for key in before]
    for number in range(world.chain.number + 1, max((*ends, 0)) + 2):
        after = set_of(world, number + 1)
        assert len(set(before) - set(after)) <= _cap(len(before))
        before = after
    assert all(record(world, key).active_until == 0 for key in before)
