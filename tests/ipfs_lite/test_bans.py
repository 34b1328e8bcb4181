import pytest

from node.base.limits import BANNED_PEERS_COUNT_MAX
from node.base.types import Address
from node.ipfs_lite.bans import BAN_US, BanBook, Evidence
from node.ipfs_lite.cid import make_cid

PEER = Address(b"p" * 20)
NAME = make_cid(b"owed")
HOUR = 3_600_000_000


def _lie(at_us, peer=PEER):
    return Evidence(peer, NAME, b"d" * 32, at_us, b"serial")


def test_nobody_is_banned_at_first():
    assert not BanBook().is_banned(PEER, 0)
    assert BanBook().until_us(PEER) == 0


@pytest.mark.parametrize(("now", "banned"), [(0, True), (BAN_US - 1, True), (BAN_US, False)])
def test_one_lie_bans_for_an_hour(now, banned):
    assert BanBook([_lie(0)]).is_banned(PEER, now) == banned


def test_a_second_lie_starts_the_hour_again():
    book = BanBook([_lie(0), _lie(2 * HOUR)])
    assert book.until_us(PEER) == 3 * HOUR


def test_three_lies_in_a_day_ban_until_the_operator_clears_it():
    book = BanBook([_lie(0), _lie(2 * HOUR), _lie(24 * HOUR - 1)])
    assert book.until_us(PEER) is None
    assert book.is_banned(PEER, 10_000 * HOUR)
    book.clear(PEER)
    assert not book.is_banned(PEER, 24 * HOUR)
    assert book.rows() == ()


def test_three_lies_in_more_than_a_day_do_not():
    assert BanBook([_lie(0), _lie(2 * HOUR), _lie(24 * HOUR)]).until_us(PEER) == 25 * HOUR


def test_any_three_lies_in_a_row_count():
    lies = [_lie(hour * HOUR) for hour in (0, 23, 30, 46)]
    assert BanBook(lies).until_us(PEER) is None


def test_another_lie_does_not_push_out_the_three_that_count():
    book = BanBook([_lie(0), _lie(1), _lie(2)])
    book.record(_lie(100 * HOUR))
    assert book.until_us(PEER) is None
    assert book.rows() == (_lie(0), _lie(1), _lie(2))


def test_clearing_whom_nobody_banned_does_nothing():
    BanBook().clear(PEER)


def test_a_book_of_its_rows_is_the_same_book():
    book = BanBook([_lie(0), _lie(1, Address(b"q" * 20)), _lie(2), _lie(3)])
    again = BanBook(book.rows())
    assert again.rows() == book.rows()
    assert again.until_us(PEER) is None


def test_the_book_is_bounded_and_forgets_the_oldest():
    peers = [Address(number.to_bytes(20)) for number in range(BANNED_PEERS_COUNT_MAX + 1)]
    book = BanBook(_lie(0, peer) for peer in peers)
    assert not book.is_banned(peers[0], 0)
    assert book.is_banned(peers[1], 0)
