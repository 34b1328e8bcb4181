import pytest

from node.base.limits import REQUESTS_COUNT_MAX
from node.p2p.requests import RequestBook, is_subsequence


def test_ids_count_from_one_for_each_peer():
    book = RequestBook()
    assert [book.open(b"a"), book.open(b"a"), book.open(b"b")] == [1, 2, 1]


def test_no_more_than_the_limit_may_be_open():
    book = RequestBook()
    for _ in range(REQUESTS_COUNT_MAX):
        assert book.may_ask(b"a")
        book.open(b"a")
    assert not book.may_ask(b"a")
    assert book.may_ask(b"b")


def test_a_closed_request_makes_room_and_its_id_is_not_used_again():
    book = RequestBook()
    for _ in range(REQUESTS_COUNT_MAX):
        book.open(b"a")
    book.close(b"a")
    assert book.open(b"a") == REQUESTS_COUNT_MAX + 1


def test_ids_stay_within_u32_and_skip_zero():
    book = RequestBook()
    book._last[b"a"] = 2**32 - 1
    assert book.open(b"a") == 1


@pytest.mark.parametrize(
    ("answer", "fits"),
    [
        ([], True),
        ([1, 2, 3], True),
        ([1, 3], True),
        ([3, 1], False),
        ([1, 1], False),
        ([4], False),
        ([1, 2, 3, 3], False),
    ],
)
def test_an_answer_takes_some_of_the_question_in_its_order(answer, fits):
    assert is_subsequence(answer, (1, 2, 3)) is fits
