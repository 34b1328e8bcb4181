from node.base.limits import PAST_ASKS_COUNT_MAX
from node.ipfs_lite.session_state import PeerBook


def test_a_window_of_eight_has_room_for_eight():
    book = PeerBook(outstanding={bytes((number,)): 0 for number in range(7)})
    assert book.has_room()
    book.outstanding[b"eighth"] = 0
    assert not book.has_room()


def test_the_timeout_is_a_second_at_least():
    assert PeerBook(average_us=250_000).timeout_us() == 1_000_000


def test_the_timeout_of_a_slow_peer_is_four_times_its_average():
    assert PeerBook(average_us=250_001).timeout_us() == 1_000_004


def test_a_closed_entry_is_remembered_as_past():
    book = PeerBook(live={b"cid": None}, outstanding={b"cid": 3})
    book.forget(b"cid")
    assert (book.live, book.outstanding, book.past) == ({}, {}, {b"cid": None})


def test_what_was_never_asked_is_not_remembered():
    book = PeerBook()
    book.forget(b"cid")
    assert book.past == {}


def test_the_memory_of_past_entries_is_bounded_and_loses_the_oldest():
    book = PeerBook()
    for number in range(PAST_ASKS_COUNT_MAX + 1):
        book.live[number] = None
        book.forget(number)
    assert len(book.past) == PAST_ASKS_COUNT_MAX
    assert 0 not in book.past
