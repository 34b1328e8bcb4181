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
