"""An insurer, a policy of patient p1 and a claim on the example's record, a step at a time."""

from typing import Final

from node.base.types import Address
from node.contracts.bindings.insurance_registry import ClaimFiled, PolicyOffered
from node.contracts.government_actions import ListInsurer
from node.contracts.insurance_registry import COVERABLE
from node.contracts.reverts import RevertReason
from tests.contracts.recovering import P1
from tests.contracts.stock_chain import GENESIS_S, Outcome
from tests.contracts.world import DAY, PMR_ID, World, account, content

AMOUNT: Final = 125_000
"""Paise."""
NUMBER: Final = content("number of the policy").commitment
WORD: Final = b"NOT-DOCUMENTED".ljust(32, b"\0")


def send(world: World, sender: str | Address, data: bytes) -> Outcome:
    return world.send(sender, world.suite.insurance.address, data)


def refused(world: World, sender: str | Address, data: bytes) -> RevertReason:
    return world.refused(sender, world.suite.insurance.address, data)


def offer(world: World, patient_id: int = P1, **changes: object) -> bytes:
    given: dict = {
        "commitment": NUMBER,
        "kinds": COVERABLE,
        "currency": "INR",
        "valid_from_s": GENESIS_S,
        "valid_until_s": GENESIS_S + 365 * DAY,
    }
    return world.suite.insurance.offer_policy(patient_id, **(given | changes))


def claim(world: World, policy_id: int = 1, **changes: object) -> bytes:
    given: dict = {
        "pmr_id": PMR_ID,
        "entries": (0,),
        "amount": AMOUNT,
        "content": content("claim"),
    }
    return world.suite.insurance.file_claim(policy_id, **(given | changes))


def insurer(world: World, name: str = "i1") -> World:
    world.enact(ListInsurer(account(name)))
    return world


def offered(world: World, **changes: object) -> int:
    """Let insurer i1, listed by now, offer; give the policy's id."""
    outcome = send(world, "i1", offer(world, **changes))
    [event] = world.events(outcome)
    assert isinstance(event, PolicyOffered)
    return event.policy_id


def insured(world: World, **changes: object) -> int:
    """Give the id of a policy that is bound."""
    policy_id = offered(world, **changes)
    send(world, "p1", world.suite.insurance.bind_policy(policy_id))
    return policy_id


def readable(world: World, **changes: object) -> bytes:
    """Let patient p1 grant to insurer i1; give the grant's id."""
    return world.grant(world.consent(grantee=account("i1"), **changes))


def filed(world: World, policy_id: int = 1, sender: str = "p1", **changes: object) -> int:
    """Give the id of a claim that was filed."""
    found = world.events(send(world, sender, claim(world, policy_id, **changes)))
    return next(event.claim_id for event in found if isinstance(event, ClaimFiled))
