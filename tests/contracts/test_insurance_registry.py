"""Policies are offered by listed insurers and bound by their patients."""

from dataclasses import replace

import pytest

from node.base.types import Hash32
from node.contracts.bindings import insurance_registry as abi
from node.contracts.bindings.insurance_registry import (
    PolicyBound,
    PolicyOffered,
    PolicyWithdrawn,
)
from node.contracts.errors import CallArgumentError
from node.contracts.government_actions import StrikeInsurer
from node.contracts.insurance_registry import (
    CLAIM_ENTRIES_COUNT_MAX,
    COVERABLE,
    Policy,
    PolicyStatus,
    currency_word,
    entry_indices,
    kind_bits,
)
from node.contracts.pmr_token import EntryKind
from tests.contracts.insured import NUMBER, insurer, offer, offered, refused, send
from tests.contracts.recovering import P1, P2, recovered
from tests.contracts.stock_chain import GENESIS_S
from tests.contracts.world import DAY, World, account

YEAR_S = 365 * DAY


@pytest.fixture
def world(world: World) -> World:
    """Insurer i1 is listed."""
    return insurer(world)


def _policy(world: World, policy_id: int = 1) -> Policy:
    return world.view(world.suite.insurance.policy(policy_id))


def test_an_offer_stands_on_the_ledger_without_its_number(world: World) -> None:
    outcome = send(world, "i1", offer(world))
    until_s = GENESIS_S + YEAR_S
    assert world.events(outcome) == [
        PolicyOffered(1, account("i1"), P1, NUMBER, 0x3E, b"INR", GENESIS_S, until_s)
    ]
    assert _policy(world) == Policy(
        1, account("i1"), P1, PolicyStatus.OFFERED, COVERABLE, GENESIS_S, until_s
    )


def test_the_patient_binds_what_was_offered(world: World) -> None:
    policy_id = offered(world)
    outcome = send(world, "p1", world.suite.insurance.bind_policy(policy_id))
    assert world.events(outcome) == [PolicyBound(policy_id, account("i1"), P1)]
    assert _policy(world).status is PolicyStatus.BOUND
    assert world.view(world.suite.insurance.policy_count()) == 1


@pytest.mark.parametrize("caller", ["stranger", "h1", "p1"])
def test_only_insurers_offer(world: World, caller: str) -> None:
    assert refused(world, caller, offer(world)).name == "NotInsurer"


def test_an_insurer_that_was_struck_offers_nothing(world: World) -> None:
    world.enact(StrikeInsurer(account("i1")))
    assert refused(world, "i1", offer(world)).name == "NotInsurer"


@pytest.mark.parametrize("patient_id", [0, P2 + 1, 2**64 - 1])
def test_an_offer_is_to_a_registered_patient(world: World, patient_id: int) -> None:
    assert refused(world, "i1", offer(world, patient_id)).name == "PatientUnknown"


def test_an_offer_has_a_number_and_a_currency(world: World) -> None:
    bare = offer(world, commitment=Hash32(bytes(32)))
    assert refused(world, "i1", bare).name == "FieldMissing"
    no_currency = offer(world).replace(b"INR".ljust(32, b"\0"), bytes(32))
    assert refused(world, "i1", no_currency).name == "FieldMissing"


@pytest.mark.parametrize("kinds", [(), (EntryKind.INSURANCE,), (*COVERABLE, EntryKind.INSURANCE)])
def test_a_policy_covers_kinds_that_can_be_claimed(
    world: World, kinds: tuple[EntryKind, ...]
) -> None:
    assert refused(world, "i1", offer(world, kinds=kinds)).name == "PolicyTerms"


@pytest.mark.parametrize("bits", [1, 1 << 7, 0xFF])
def test_bits_without_a_kind_are_refused(world: World, bits: int) -> None:
    data = abi.offer_policy(P1, NUMBER, bits, b"INR", GENESIS_S, GENESIS_S + YEAR_S)
    assert refused(world, "i1", data).name == "PolicyTerms"


@pytest.mark.parametrize(
    ("from_s", "until_s"),
    [(GENESIS_S + DAY, GENESIS_S + DAY), (GENESIS_S + DAY, GENESIS_S + 2), (0, GENESIS_S)],
)
def test_a_period_that_is_none_or_over_is_refused(world: World, from_s: int, until_s: int) -> None:
    data = offer(world, valid_from_s=from_s, valid_until_s=until_s)
    assert refused(world, "i1", data).name == "PolicyTerms"


def test_border_terms_are_taken(world: World) -> None:
    last_s = 2**64 - 1
    data = offer(world, valid_from_s=0, valid_until_s=last_s, kinds=(EntryKind.LAB,))
    send(world, "i1", data)
    found = _policy(world)
    assert (found.kinds, found.valid_from_s, found.valid_until_s) == ((EntryKind.LAB,), 0, last_s)


@pytest.mark.parametrize("caller", ["p2", "i1", "h1", "stranger"])
def test_nobody_binds_for_the_patient(world: World, caller: str) -> None:
    data = world.suite.insurance.bind_policy(offered(world))
    assert refused(world, caller, data).name == "NotPatient"


def test_after_a_recovery_the_new_account_binds(world: World) -> None:
    data = world.suite.insurance.bind_policy(offered(world))
    recovered(world)
    assert refused(world, "p1", data).name == "NotPatient"
    send(world, "p1 anew", data)


@pytest.mark.parametrize("policy_id", [0, 1, 2**64 - 1])
def test_what_was_never_offered_is_not_bound_or_withdrawn(world: World, policy_id: int) -> None:
    insurance = world.suite.insurance
    assert refused(world, "p1", insurance.bind_policy(policy_id)).name == "PolicyUnknown"
    assert refused(world, "i1", insurance.withdraw_policy(policy_id)).name == "PolicyUnknown"


def test_an_offer_is_taken_once(world: World) -> None:
    insurance, policy_id = world.suite.insurance, offered(world)
    send(world, "p1", insurance.bind_policy(policy_id))
    assert refused(world, "p1", insurance.bind_policy(policy_id)).name == "OfferClosed"
    assert refused(world, "i1", insurance.withdraw_policy(policy_id)).name == "OfferClosed"


def test_an_offer_is_withdrawn_by_its_insurer_only(world: World) -> None:
    insurance, policy_id = world.suite.insurance, offered(world)
    insurer(world, "i2")
    for caller in ("i2", "p1", "stranger"):
        assert refused(world, caller, insurance.withdraw_policy(policy_id)).name == "NotInsurer"
    outcome = send(world, "i1", insurance.withdraw_policy(policy_id))
    assert world.events(outcome) == [PolicyWithdrawn(policy_id)]
    assert refused(world, "p1", insurance.bind_policy(policy_id)).name == "OfferClosed"
    assert _policy(world).status is PolicyStatus.WITHDRAWN


def test_an_offer_is_taken_before_its_end(world: World) -> None:
    until_s = world.chain.time_s + 100
    data = world.suite.insurance.bind_policy(offered(world, valid_until_s=until_s))
    world.chain.wait(200)
    assert refused(world, "p1", data).name == "PolicyEnded"


def test_nobody_binds_a_policy_of_an_insurer_that_was_struck(world: World) -> None:
    data = world.suite.insurance.bind_policy(offered(world))
    world.enact(StrikeInsurer(account("i1")))
    assert refused(world, "p1", data).name == "NotInsurer"


# the face


def test_a_policy_that_was_never_offered_is_empty(world: World) -> None:
    assert _policy(world, 7).status is PolicyStatus.UNKNOWN
    assert replace(_policy(world, 7), policy_id=0).kinds == ()


@pytest.mark.parametrize("currency", ["", "IN", "INRX", "inr", "I1R", "ÄÖÜ"])
def test_a_currency_is_three_capital_letters(currency: str) -> None:
    with pytest.raises(CallArgumentError, match="three capital letters"):
        currency_word(currency)


def test_bits_stand_for_kinds_and_entries() -> None:
    assert kind_bits([EntryKind.LAB, EntryKind.CONSULTATION, EntryKind.LAB]) == 0b10010
    assert entry_indices(0) == ()
    assert entry_indices(1 | 1 << 255 | 1 << 7) == (0, 7, 255)


def test_the_face_knows_the_limits_of_the_contract(world: World) -> None:
    assert world.view(abi.claim_entries_max(world.suite.insurance.address)) == (
        CLAIM_ENTRIES_COUNT_MAX
    )
