from node.base.keccak import keccak256
from node.base.types import Address
from node.consensus_poa.qbft.future import Early, FutureMessages

PEER = Address(bytes(20))


def early(height: int, message: bytes) -> Early:
    return Early(height, message, keccak256(message), PEER)


def test_messages_come_out_in_their_order_and_lower_heights_are_forgotten() -> None:
    kept = FutureMessages()
    for height, message in ((3, b"a"), (2, b"b"), (3, b"c"), (4, b"d")):
        kept.add(early(height, message))
    assert [e.message for e in kept.take(3)] == [b"a", b"c"]
    assert [e.message for e in kept.listed()] == [b"d"]


def test_a_message_is_kept_once() -> None:
    kept = FutureMessages()
    kept.add(early(2, b"a"))
    kept.add(early(2, b"a"))
    assert len(kept) == 1


def test_beyond_the_count_the_highest_height_goes_then_the_oldest() -> None:
    kept = FutureMessages(count_max=3)
    for height, message in ((9, b"a"), (9, b"b"), (2, b"c"), (3, b"d")):
        kept.add(early(height, message))
    assert [e.message for e in kept.listed()] == [b"b", b"c", b"d"]


def test_beyond_the_bytes_too() -> None:
    kept = FutureMessages(bytes_max=10)
    kept.add(early(5, b"a" * 8))
    kept.add(early(2, b"b" * 8))
    assert [e.height for e in kept.listed()] == [2]
    kept.add(early(2, b"c" * 11))
    assert [e.message for e in kept.listed()] == []
