"""A validator changes its key: what both keys sign, and what the contract makes of it."""

import itertools
from dataclasses import replace

import pytest

from node.base.keys import SECP256K1_N, PrivateKey
from node.base.types import ZERO_ADDRESS, Address
from node.contracts.errors import CallArgumentError
from node.contracts.government_actions import (
    AdmitValidator,
    SetLicence,
    SuspendHospital,
    WithdrawValidator,
)
from node.contracts.government_registry import (
    ValidatorAdmitted,
    ValidatorRotated,
    ValidatorWithdrawn,
)
from node.contracts.key_rotation import RotateKey
from tests.contracts.stock_chain import CHAIN_ID, Outcome
from tests.contracts.validators import (
    KEYS,
    LICENCE,
    NODE_ID,
    admit,
    record,
    set_now,
    set_of,
    with_validators,
)
from tests.contracts.world import (
    MEMBERS,
    STRANGER,
    VALIDATORS,
    World,
    account,
    key_of,
    sign_with,
)

OLD, NEW, THIRD = KEYS[0], account("new key"), account("third key")
NAMES = {account(f"key {i}"): f"key {i}" for i in range(5)} | {NEW: "new key", THIRD: "third key"}
NAMES |= {key: f"hospital {i}" for i, key in enumerate(VALIDATORS)}
FIELDS = {"oldKey": "address", "newKey": "address", "activeFrom": "uint64"}


def _key(address: Address) -> PrivateKey:
    return key_of(NAMES[address])


def _message(world: World, old: Address, new: Address) -> RotateKey:
    return RotateKey(old, new, record(world, old).active_from)


def _data(world: World, old: Address, new: Address) -> bytes:
    """Give the call that both keys have signed."""
    government = world.suite.government
    by_old, by_new = _message(world, old, new).proofs(
        _key(old), _key(new), chain_id=CHAIN_ID, government=government.address
    )
    return government.rotate_key(old, new, by_old=by_old, by_new=by_new)


def _rotate(world: World, old: Address = OLD, new: Address = NEW, *, block: bool = True) -> Outcome:
    address = world.suite.government.address
    return world.send(STRANGER, address, _data(world, old, new), block=block)


def _refused(world: World, old: Address = OLD, new: Address = NEW) -> str:
    data = _data(world, old, new)
    return world.refused(STRANGER, world.suite.government.address, data).name


@pytest.fixture
def admitted(world: World) -> World:
    """Give a world in which hospital h1 validates with OLD."""
    admit(world, OLD)
    return world


# what is signed


def test_the_digest_is_that_of_eip_712(admitted: World) -> None:
    government = admitted.suite.government.address
    message = _message(admitted, OLD, NEW)
    assert message.active_from == admitted.chain.number + 1
    values = (OLD, NEW, message.active_from)
    typed = admitted.typed("RotateKey", FIELDS, values, contract=government)
    mine, _ = message.proofs(_key(OLD), _key(NEW), chain_id=CHAIN_ID, government=government)
    theirs = sign_with("key 0", typed)
    assert (mine[:64], mine[64] + 27) == (theirs[:64], theirs[64])


def test_a_number_that_is_no_block_is_not_signed() -> None:
    with pytest.raises(CallArgumentError, match="RotateKey"):
        RotateKey(OLD, NEW, 2**64).digest(chain_id=1, government=STRANGER)


def test_a_signature_of_another_length_is_no_call(world: World) -> None:
    with pytest.raises(CallArgumentError, match="65 bytes"):
        world.suite.government.rotate_key(OLD, NEW, by_old=bytes(64), by_new=bytes(65))


# what it does


def test_the_new_key_joins_in_the_block_in_which_the_old_one_leaves(admitted: World) -> None:
    outcome = _rotate(admitted)
    block = admitted.chain.number + 1
    before, after = set_of(admitted, block - 1), set_of(admitted, block)
    assert set(before) - set(after) == {OLD}
    assert set(after) - set(before) == {NEW}
    assert after == tuple(sorted(after))
    assert admitted.events(outcome) == [
        ValidatorWithdrawn(OLD, 1, block),
        ValidatorAdmitted(NEW, 1, NODE_ID, LICENCE, block),
        ValidatorRotated(OLD, NEW, block),
    ]
    assert int.from_bytes(outcome.output) == block


def test_the_new_key_has_the_record_of_the_old_one(admitted: World) -> None:
    before = record(admitted, OLD)
    _rotate(admitted)
    block = admitted.chain.number + 1
    assert record(admitted, NEW) == replace(before, key=NEW, active_from=block)
    assert record(admitted, OLD) == replace(before, active_until=block)


def test_a_key_rotates_at_the_minimum(world: World) -> None:
    world.add_hospital("hospital 0")
    assert len(set_now(world)) == world.view(world.suite.government.min_validators()) == 4
    _rotate(world, VALIDATORS[0], NEW)
    assert set(set_now(world)) == {*VALIDATORS[1:], NEW}


@pytest.mark.parametrize(("count", "cap"), [(4, 1), (6, 1), (7, 2), (10, 3)])
def test_rotations_count_as_removals(count: int, cap: int) -> None:
    """Cap and cap + 1 in one block: the last one changes place a block later, all at once."""
    world = with_validators(count)
    old = [account(f"validator {i}") for i in range(cap + 1)]
    new = [account(f"heir {i}") for i in range(cap + 1)]
    for place, (one, other) in enumerate(zip(old, new, strict=True)):
        NAMES.update({one: f"validator {place}", other: f"heir {place}"})
        world.add_hospital(f"validator {place}")
    calls = [_data(world, *pair) for pair in zip(old, new, strict=True)]
    world.chain.wait(5)
    for data in calls:
        world.send(STRANGER, world.suite.government.address, data, block=False)
    block = world.chain.number
    assert [record(world, key).active_until - block for key in old] == [1] * cap + [2]
    assert [record(world, key).active_from - block for key in new] == [1] * cap + [2]
    assert [len(set_of(world, block + t)) for t in range(4)] == [count] * 4


def test_a_withdrawal_waits_behind_a_rotation(admitted: World) -> None:
    """Five keys lose one a block."""
    proposal = admitted.propose(WithdrawValidator(VALIDATORS[0]))
    _rotate(admitted)
    government = admitted.suite.government
    admitted.send(MEMBERS[1], government.address, government.vote(proposal), block=False)
    assert record(admitted, VALIDATORS[0]).active_until == admitted.chain.number + 2


def _full() -> World:
    """Give a hundred validators, of which the first is a hospital's that is Verified."""
    world = with_validators(100)
    NAMES[account("validator 0")] = "validator 0"
    world.add_hospital("validator 0")
    return world


def test_a_full_set_rotates() -> None:
    world = _full()
    _rotate(world, account("validator 0"), NEW)
    block = world.chain.number
    assert [len(set_of(world, block + t)) for t in range(3)] == [100] * 3
    assert NEW in set_of(world, block + 1)


def test_a_rotation_under_way_makes_no_room() -> None:
    world = _full()
    _rotate(world, account("validator 0"), NEW)
    action = AdmitValidator(account("validator 0"), THIRD, NODE_ID, LICENCE)
    assert world.enact_refused(action).name == "ValidatorLimit"


def test_a_key_of_the_past_can_be_the_new_one(admitted: World) -> None:
    admit(admitted, NEW, "h2")
    admitted.enact(WithdrawValidator(NEW))
    admitted.chain.wait(5)
    _rotate(admitted)
    assert NEW in set_now(admitted)
    assert record(admitted, NEW).hospital_id == 1


def test_a_key_rotates_and_rotates_back(admitted: World) -> None:
    _rotate(admitted)
    _rotate(admitted, NEW, OLD)
    assert OLD in set_now(admitted)
    assert NEW not in set_now(admitted)


def _pending(world: World) -> None:
    """A withdrawal and a rotation in one block: NEW joins in the block after the next."""
    proposal = world.propose(WithdrawValidator(VALIDATORS[0]))
    government = world.suite.government
    world.vote(proposal, MEMBERS[1])
    _rotate(world, block=False)
    assert record(world, NEW).active_from == world.chain.number + 2
    assert government.address


def test_a_key_that_is_not_in_the_set_yet_does_not_rotate(admitted: World) -> None:
    _pending(admitted)
    government = admitted.suite.government
    data = _data(admitted, NEW, THIRD)
    admitted.chain.set_block(admitted.chain.number - 1, admitted.chain.time_s - 5)
    assert admitted.refused(STRANGER, government.address, data).name == "ValidatorNotActive"


def test_a_suspension_reaches_the_key_that_is_to_come() -> None:
    world = with_validators(4)
    NAMES[account("validator 0")] = "validator 0"
    world.add_hospital("validator 0")
    rest = {account(f"validator {i}") for i in range(1, 4)}
    suspension = world.propose(SuspendHospital(account("validator 0")))
    proposal = world.propose(WithdrawValidator(account("validator 1")))
    world.vote(proposal, MEMBERS[1])
    _rotate(world, account("validator 0"), NEW, block=False)
    government = world.suite.government
    world.send(MEMBERS[1], government.address, government.vote(suspension), block=False)
    block = world.chain.number
    sets = [set(set_of(world, block + t)) for t in range(5)]
    assert not any(account("validator 0") in each for each in sets[2:])
    assert NEW not in sets[3] | sets[4]
    assert sets[4] == rest - {account("validator 1")}
    for before, after in itertools.pairwise(sets):
        assert len(before - after) <= 1


# what it refuses


def test_a_stranger_has_no_key_to_rotate(world: World) -> None:
    assert _refused(world, NEW, THIRD) == "HospitalNotVerified"


def test_a_first_key_without_a_hospital_does_not_rotate(world: World) -> None:
    assert _refused(world, VALIDATORS[1], NEW) == "HospitalNotVerified"


def test_a_suspended_hospital_does_not_rotate(world: World) -> None:
    world.add_hospital("hospital 0")
    world.enact(SuspendHospital(VALIDATORS[0]))  # its key waits at the minimum
    assert _refused(world, VALIDATORS[0], NEW) == "HospitalNotVerified"


def test_a_hospital_whose_licence_has_ended_does_not_rotate(admitted: World) -> None:
    admitted.enact(SetLicence(account("h1"), 1))
    assert _refused(admitted) == "LicenceExpired"


def test_a_withdrawn_key_does_not_rotate(admitted: World) -> None:
    admitted.enact(WithdrawValidator(OLD))
    assert _refused(admitted) == "ValidatorUnknown"


def test_a_waiting_key_does_not_escape_by_rotation(world: World) -> None:
    world.add_hospital("hospital 0")
    world.enact(WithdrawValidator(VALIDATORS[0]))
    assert _refused(world, VALIDATORS[0], NEW) == "ValidatorUnknown"


@pytest.mark.parametrize("new", [VALIDATORS[0], OLD])
def test_a_key_in_the_set_is_not_the_new_one(admitted: World, new: Address) -> None:
    assert _refused(admitted, OLD, new) == "ValidatorKnown"


def _flipped(signature: bytes) -> bytes:
    s = SECP256K1_N - int.from_bytes(signature[32:64])
    return signature[:32] + s.to_bytes(32) + bytes([signature[64] ^ 1])


BAD_PROOFS = {
    "the old key has not signed": lambda old, new, other: (other, new),
    "the new key has not signed": lambda old, new, other: (old, other),
    "one signature for both": lambda old, new, other: (old, old),
    "in the other order": lambda old, new, other: (new, old),
    "high s of the old key": lambda old, new, other: (_flipped(old), new),
    "high s of the new key": lambda old, new, other: (old, _flipped(new)),
    "v of neither kind": lambda old, new, other: (old[:64] + b"\x1d", new),
    "nothing": lambda old, new, other: (bytes(65), bytes(65)),
}


@pytest.mark.parametrize("case", BAD_PROOFS)
def test_both_keys_must_have_signed(admitted: World, case: str) -> None:
    government = admitted.suite.government
    message = _message(admitted, OLD, NEW)
    digest = message.digest(chain_id=CHAIN_ID, government=government.address)
    signed = [_key(each).sign(digest) for each in (OLD, NEW, THIRD)]
    by_old, by_new = BAD_PROOFS[case](*signed)
    data = government.rotate_key(OLD, NEW, by_old=by_old, by_new=by_new)
    assert admitted.refused(STRANGER, government.address, data).name == "ProofOfPossession"


@pytest.mark.parametrize("other", ["chain", "contract", "admission", "new key"])
def test_signatures_serve_for_one_rotation_only(admitted: World, other: str) -> None:
    government = admitted.suite.government
    message = _message(admitted, OLD, THIRD if other == "new key" else NEW)
    if other == "admission":
        message = replace(message, active_from=message.active_from - 1)
    by_old, by_new = message.proofs(
        _key(OLD),
        _key(NEW),
        chain_id=CHAIN_ID + (other == "chain"),
        government=STRANGER if other == "contract" else government.address,
    )
    data = government.rotate_key(OLD, NEW, by_old=by_old, by_new=by_new)
    assert admitted.refused(STRANGER, government.address, data).name == "ProofOfPossession"


def test_a_rotation_is_not_played_again_when_the_old_key_is_back(admitted: World) -> None:
    data = _data(admitted, OLD, NEW)
    address = admitted.suite.government.address
    admitted.send(STRANGER, address, data)
    admitted.enact(WithdrawValidator(NEW))
    admit(admitted, OLD)
    assert admitted.refused(STRANGER, address, data).name == "ProofOfPossession"


def test_nobody_rotates_to_the_zero_address(admitted: World) -> None:
    government = admitted.suite.government
    message = _message(admitted, OLD, ZERO_ADDRESS)
    digest = message.digest(chain_id=CHAIN_ID, government=government.address)
    data = government.rotate_key(OLD, ZERO_ADDRESS, by_old=_key(OLD).sign(digest), by_new=bytes(65))
    assert admitted.refused(STRANGER, government.address, data).name == "ProofOfPossession"
