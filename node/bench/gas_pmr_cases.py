"""Cases of the gas report: records, as ERC-721 and as ERC-1155, by the same calls."""

from collections.abc import Callable
from typing import Final

from node.bench.gas_people import (
    FIRST_VISIT_ID,
    TOMORROW_ID,
    Case,
    lab_filing,
    lab_order,
    recovery_end,
    visit,
)
from node.bench.gas_world import PMR_ID, Call, GasWorld, content, word

MINT_BUDGET: Final = 260_000
APPEND_BUDGET: Final = 120_000


def _opinion(world: GasWorld, *grants: Callable[[GasWorld], Call]) -> Call:
    for grant in grants:
        world.send(grant(world))
    data = world.suite.pmr.add_second_opinion(PMR_ID, hospital_id=2, content=content("opinion"))
    return Call("d2", world.suite.pmr.address, data)


def _grant_for(pmr_id: int) -> Callable[[GasWorld], Call]:
    return lambda world: world.grant(world.consent(pmr_id=pmr_id))


def _amendment(world: GasWorld) -> Call:
    data = world.suite.pmr.amend(PMR_ID, 0, hospital_id=1, content=content("better"))
    return Call("d1", world.suite.pmr.address, data)


def _claim(world: GasWorld) -> Call:
    world.send(recovery_end(world))
    return Call("relay", world.suite.pmr.address, world.suite.pmr.claim(PMR_ID))


def _erasure(world: GasWorld) -> Call:
    return Call("p1", world.suite.pmr.address, world.suite.pmr.erase(PMR_ID, word("basis")))


def _claim_of_three_kinds(world: GasWorld) -> Call:
    world.send(_amendment(world))
    world.send(lab_order(world))
    world.send(lab_filing(world))
    return _claim(world)


def _petition(world: GasWorld) -> Call:
    pmr = world.suite.pmr
    return Call("p1", pmr.address, pmr.petition(PMR_ID, 0, word("letter")))


def _accepted(world: GasWorld) -> Call:
    world.send(_petition(world))
    return _amendment(world)


def _extension(world: GasWorld) -> Call:
    world.send(_petition(world))
    pmr = world.suite.pmr
    data = pmr.extend_petition(PMR_ID, 0, hospital_id=1, reason=word("reason"))
    return Call("d1", pmr.address, data)


def _refusal(world: GasWorld) -> Call:
    world.send(_petition(world))
    pmr = world.suite.pmr
    data = pmr.deny_petition(PMR_ID, 0, hospital_id=1, content=content("reason"))
    return Call("d1", pmr.address, data)


def _dispute(world: GasWorld) -> Call:
    world.send(_refusal(world))
    pmr = world.suite.pmr
    return Call("p1", pmr.address, pmr.dispute(PMR_ID, 0, content("statement")))


def _cases(world: str, append: int | None) -> tuple[Case, ...]:
    """Give the cases of one token; ``world`` is built with it, ``append`` the budget of an entry.

    A unit of ERC-1155 for each entry is an event and a word more than the budget was made for.
    """
    opinions = ((PMR_ID, "grant of the record"), (0, "grant of all records"))
    return (
        Case("mint, a patient's first record", _first_record, MINT_BUDGET, world),
        Case("mint, a later record", _later_record, MINT_BUDGET, world),
        Case("append", visit, append, world),
        *(Case(label, _opinion_under(pmr_id), append, world) for pmr_id, label in opinions),
        Case("unasked", _amendment, append, world),
        Case("accepts a petition", _accepted, append, world),
        Case("typical", _petition, None, world),
        Case("typical", _extension, None, world),
        Case("typical", _refusal, append, world),
        Case("typical", _dispute, append, world),
        Case("one entry", _claim, None, world),
        Case("entries of three kinds", _claim_of_three_kinds, None, world),
        Case("with a legal basis", _erasure, None, world),
    )


def _first_record(world: GasWorld) -> Call:
    return visit(world, FIRST_VISIT_ID)


def _later_record(world: GasWorld) -> Call:
    return visit(world, TOMORROW_ID)


def _opinion_under(pmr_id: int) -> Callable[[GasWorld], Call]:
    return lambda world: _opinion(world, _grant_for(pmr_id))


CASES: Final = (*_cases("clinic", APPEND_BUDGET), *_cases("clinic, erc1155", None))
