from node.base.types import Hash32
from node.contracts.grant_tag import tag_of
from tests.contracts.consents import is_allowed, revoke
from tests.contracts.world import World


def test_the_contract_knows_a_grant_by_its_tag_alone(world: World) -> None:
    grant_id = world.grant()
    other_half = Hash32(tag_of(grant_id) + bytes(16))
    assert tag_of(other_half) == tag_of(grant_id) != tag_of(bytes(32))
    revoke(world, other_half)
    assert not is_allowed(world)
