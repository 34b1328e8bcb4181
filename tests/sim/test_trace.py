from hashlib import blake2b

import msgpack

from node.sim.trace import Trace


def records(*items):
    trace = Trace()
    for item in items:
        trace.event(*item)
    return trace.digest()


A, B = (1, 1, "h0", "FrameReceived", b"x"), (1, 1, "h1", "FrameReceived", b"y")


def test_equal_records_give_an_equal_digest():
    assert records(A, B) == records(A, B)


def test_the_order_of_records_is_part_of_the_digest():
    assert records(A, B) != records(B, A)


def test_the_payload_is_part_of_the_digest():
    assert records(A) != records((1, 1, "h0", "FrameReceived", b"z"))


def test_a_head_is_part_of_the_digest():
    trace = Trace()
    trace.head(5, "h0", b"\1" * 32, b"\2" * 32)
    other = Trace()
    other.head(5, "h0", b"\1" * 32, b"\3" * 32)
    assert trace.digest() != other.digest()
    assert trace.records == 1


def test_the_digest_is_that_of_the_records_one_after_another():
    """Buffers and kept marks change nothing: as simulation.md section 6 has it."""
    payloads = [b"", b"x", b"y" * 5_000, *(n.to_bytes(2) for n in range(1_500)), b"x"]
    trace, told = Trace(), blake2b(digest_size=32)
    for t_us, payload in enumerate(payloads):
        trace.event(t_us, 1, "h0", "FrameReceived", payload)
        mark = blake2b(payload, digest_size=8).digest() if payload else b""
        told.update(msgpack.packb([t_us, 1, "h0", "FrameReceived", mark], use_bin_type=True))
        if t_us == 700:
            assert trace.digest() == told.hexdigest()
    assert trace.digest() == told.hexdigest()
