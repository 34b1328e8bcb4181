import pytest

from node.base import rlp
from node.base.errors import CodecError
from node.storage.log_keys import is_wanted, log_keys
from tests.storage.blocks import BLUE, ONE, RED, TWO, receipt


def test_keys_come_in_the_order_of_the_logs():
    receipts = [receipt([(ONE, RED), (TWO, None)]), receipt(), receipt([(ONE, BLUE)])]
    assert log_keys(receipts) == ((ONE, RED), (TWO, None), (ONE, BLUE))


def test_all_types_of_envelopes_are_read():
    typed = receipt([(ONE, RED)])
    assert log_keys([typed[1:]]) == log_keys([typed]) == log_keys([b"\x01" + typed[1:]])


def test_no_receipts_have_no_logs():
    assert log_keys([]) == ()


LOGS = [b"log", [ONE], [ONE, b"topics", b""], [[ONE], [RED], b""], [ONE, [[RED]], b""]]


@pytest.mark.parametrize(
    "raw",
    [b"", b"\x02", b"\x80", rlp.encode([b""] * 3), rlp.encode([b""] * 4)]
    + [rlp.encode([b"", b"", b"", [log]]) for log in LOGS],
)
def test_bytes_that_are_no_receipt_are_refused(raw):
    with pytest.raises(CodecError):
        log_keys([raw])


@pytest.mark.parametrize(
    ("addresses", "topics", "answer"),
    [
        ((), (), True),
        ((ONE,), (), True),
        ((TWO,), (), False),
        ((), (BLUE, RED), True),
        ((), (BLUE,), False),
        ((ONE, TWO), (RED,), True),
        ((TWO,), (RED,), False),
    ],
)
def test_an_empty_list_asks_for_anything(addresses, topics, answer):
    assert is_wanted((ONE, RED), addresses, topics) is answer


def test_a_log_without_topics_has_none_that_is_asked_for():
    assert is_wanted((ONE, None), (ONE,), ())
    assert not is_wanted((ONE, None), (ONE,), (RED,))
