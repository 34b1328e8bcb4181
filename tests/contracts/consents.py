"""Short names for what tests ask of the consent registry and send to it."""

from node.base.types import Address, Hash32
from tests.contracts.stock_chain import Outcome
from tests.contracts.world import PMR_ID, World, account

P1, P2, D1, D2 = account("p1"), account("p2"), account("d1"), account("d2")


def nonce_of(world: World, patient: Address = P1) -> int:
    return world.view(world.suite.consents.nonce(patient))


def is_allowed(
    world: World, *, grantee: Address = D2, pmr_id: int = PMR_ID, at_s: int | None = None
) -> bool:
    moment = world.chain.time_s if at_s is None else at_s
    return world.view(world.suite.consents.is_allowed(grantee, pmr_id, moment))


def revoke(world: World, grant_id: Hash32, *, sender: str = "p1", pmr_id: int = PMR_ID) -> Outcome:
    consents = world.suite.consents
    data = consents.revoke(grant_id, grantee=D2, pmr_id=pmr_id)
    return world.send(sender, consents.address, data)
