"""Insurers and researchers: listed and struck off by the authority, described by themselves."""

import pytest

from node.contracts.bindings import insurance_registry as abi
from node.contracts.government_actions import (
    ListInsurer,
    ListResearcher,
    StrikeInsurer,
    StrikeResearcher,
)
from node.contracts.registration import registration_word
from tests.contracts.world import MEMBERS, STRANGER, World, account, x25519

REGISTERS = {
    "insurance": (ListInsurer, StrikeInsurer),
    "research": (ListResearcher, StrikeResearcher),
}


@pytest.fixture(params=sorted(REGISTERS))
def register(request: pytest.FixtureRequest) -> str:
    return request.param


def _of(world: World, register: str):
    return getattr(world.suite, register)


def _description(world: World, register: str, name: str, registration: str | None = None) -> bytes:
    return _of(world, register).describe(
        registration or f"REG-{name}",
        operator=account("h1"),
        name=name,
        contact="desk@example.org",
        key=x25519(name),
    )


def _is_active(world: World, register: str, name: str) -> bool:
    return world.view(_of(world, register).is_active(account(name)))


def test_majority_lists_and_strikes(world: World, register: str) -> None:
    enlist, strike = REGISTERS[register]
    assert not _is_active(world, register, "i1")
    listed = world.enact(enlist(account("i1")))
    assert _is_active(world, register, "i1")
    struck = world.enact(strike(account("i1")))
    assert not _is_active(world, register, "i1")
    names = [event.SPEC.name for event in (*world.events(listed), *world.events(struck))]
    assert {"PartyAdmitted", "PartyStruck"} <= {*names}


def test_one_member_alone_lists_nobody(world: World, register: str) -> None:
    world.propose(REGISTERS[register][0](account("i1")))
    assert not _is_active(world, register, "i1")


def test_one_register_knows_nothing_of_the_other(world: World) -> None:
    world.enact(ListInsurer(account("i1")))
    assert _is_active(world, "insurance", "i1")
    assert not _is_active(world, "research", "i1")


def test_nobody_but_the_authority_lists_or_strikes(world: World, register: str) -> None:
    address = _of(world, register).address
    for caller in (STRANGER, MEMBERS[0], account("h1")):
        for data in (abi.list_(account("i1")), abi.strike(account("i1"))):
            assert world.refused(caller, address, data).name == "NotGovernment"


def test_nobody_is_listed_twice_or_struck_unlisted(world: World, register: str) -> None:
    enlist, strike = REGISTERS[register]
    assert world.enact_refused(strike(account("i1"))).name == "PartyUnknown"
    world.enact(enlist(account("i1")))
    assert world.enact_refused(enlist(account("i1"))).name == "PartyListed"


def test_what_a_register_tells_and_refuses_the_authority(world: World, register: str) -> None:
    """What stands behind a vote, seen at the register itself."""
    address, government = _of(world, register).address, world.suite.government.address
    i1, enlist, strike = account("i1"), abi.list_(account("i1")), abi.strike(account("i1"))
    assert world.refused(government, address, strike).name == "PartyUnknown"
    told = [event.SPEC.name for event in world.events(world.send(government, address, enlist))]
    assert world.refused(government, address, enlist).name == "PartyListed"
    told += [event.SPEC.name for event in world.events(world.send(government, address, strike))]
    assert told == ["PartyAdmitted", "PartyStruck"]
    assert not world.view(_of(world, register).is_active(i1))


def test_listed_party_describes_itself_and_may_change_all_but_its_number(
    world: World, register: str
) -> None:
    contract = _of(world, register)
    world.enact(REGISTERS[register][0](account("i1")))
    outcome = world.send("i1", contract.address, _description(world, register, "i1"))
    assert [event.SPEC.name for event in world.events(outcome)] == ["PartyDescribed"]
    again = contract.describe(
        "REG-i1", operator=account("h2"), name="i1 anew", contact="", key=x25519("new")
    )
    world.send("i1", contract.address, again)
    assert world.view(contract.operator_of(account("i1"))) == account("h2")
    word = registration_word("REG-i1")
    assert world.view(abi.account_by_registration(contract.address, word)) == account("i1")
    assert world.view(abi.registration_of(contract.address, account("i1"))) == word
    other = _description(world, register, "i1", "REG-other")
    assert world.refused("i1", contract.address, other).name == "DuplicateRegistration"


def test_description_of_others_or_without_a_name_is_refused(world: World, register: str) -> None:
    contract, enlist = _of(world, register), REGISTERS[register][0]
    stranger = _description(world, register, "i1")
    assert world.refused("i1", contract.address, stranger).name == "PartyUnknown"
    world.enact(enlist(account("i1")))
    world.enact(enlist(account("i2")))
    world.send("i1", contract.address, _description(world, register, "i1"))
    taken = _description(world, register, "i2", "REG-i1")
    assert world.refused("i2", contract.address, taken).name == "DuplicateRegistration"
    nameless = abi.describe(registration_word("REG-i2"), account("h1"), "", "", x25519("i2"))
    assert world.refused("i2", contract.address, nameless).name == "FieldMissing"
    keyless = abi.describe(registration_word("REG-i2"), account("h1"), "i2", "", bytes(32))
    assert world.refused("i2", contract.address, keyless).name == "FieldMissing"
    misspelt = abi.describe(b"lower".ljust(32, b"\0"), account("h1"), "i2", "", x25519("i2"))
    assert world.refused("i2", contract.address, misspelt).name == "RegistrationCode"


def test_registration_of_a_party_is_no_empty_word(world: World, register: str) -> None:
    world.enact(REGISTERS[register][0](account("i1")))
    empty = abi.describe(bytes(32), account("h1"), "i1", "", x25519("i1"))
    assert world.refused("i1", _of(world, register).address, empty).name == "RegistrationCode"


def test_patient_may_let_a_listed_party_read_and_no_other(world: World, register: str) -> None:
    consents = world.suite.consents
    consent = world.consent(grantee=account("i1"))
    data = consents.grant(consent, world.signed(consent))
    assert world.refused(STRANGER, consents.address, data).name == "GranteeNotActive"
    world.enact(REGISTERS[register][0](account("i1")))
    world.send(STRANGER, consents.address, data)
    world.enact(REGISTERS[register][1](account("i1")))
    late = world.consent(grantee=account("i1"), nonce=1)
    data = consents.grant(late, world.signed(late))
    assert world.refused(STRANGER, consents.address, data).name == "GranteeNotActive"
