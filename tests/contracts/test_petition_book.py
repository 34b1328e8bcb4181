from node.base.types import Hash32
from node.contracts.amendments import (
    PetitionDenied,
    PetitionDisputed,
    PetitionExtended,
    PetitionFiled,
)
from node.contracts.petition_book import OpenPetition, open_petitions
from node.contracts.pmr_entries import EntryMarked, Erased

DAY = 86_400
DUE = 60 * DAY
ONE, TWO = 126012026, 226012026
WORD = Hash32(b"\1" * 32)


def filed(pmr_id: int = ONE, index: int = 0, due: int = DUE) -> PetitionFiled:
    return PetitionFiled(pmr_id, index, 7, WORD, due)


def opened(pmr_id: int = ONE, index: int = 0, due: int = DUE, *, late: bool = False):
    return OpenPetition(pmr_id, index, 7, due, is_overdue=late)


def test_a_petition_is_open_until_it_is_answered() -> None:
    two = [filed(), filed(TWO, 3)]
    assert open_petitions(two, 0) == (opened(), opened(TWO, 3))
    assert open_petitions([*two, EntryMarked(TWO, 3, 4)], 0) == (opened(),)
    assert open_petitions([*two, PetitionDenied(ONE, 0, 4)], 0) == (opened(TWO, 3),)


def test_a_petition_is_overdue_after_its_last_second() -> None:
    assert open_petitions([filed()], DUE) == (opened(),)
    assert open_petitions([filed()], DUE + 1) == (opened(late=True),)


def test_an_extension_moves_the_last_second() -> None:
    more = DUE + 30 * DAY
    events = [filed(), PetitionExtended(ONE, 0, WORD, more)]
    assert open_petitions(events, DUE + 1) == (opened(due=more),)
    assert open_petitions(events, more + 1) == (opened(due=more, late=True),)


def test_nothing_is_left_to_correct_in_an_erased_record() -> None:
    events = [filed(), filed(ONE, 2), filed(TWO), Erased(ONE, WORD, 5)]
    assert open_petitions(events, 0) == (opened(TWO),)


def test_what_nobody_petitioned_about_opens_nothing() -> None:
    assert open_petitions([EntryMarked(ONE, 0, 1)], 0) == ()
    assert (
        open_petitions([filed(), PetitionDenied(ONE, 0, 1), PetitionDisputed(ONE, 0, 2)], 0) == ()
    )


def test_no_events_are_no_petitions() -> None:
    assert open_petitions([], 0) == ()
