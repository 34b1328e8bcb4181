from dataclasses import replace

import pytest

from node.base.types import Address, Hash32
from node.p2p.admission import judge_hello
from node.p2p.messages import Hello, Reason

GENESIS = Hash32(b"g" * 32)
OWN, PEER = Address(b"o" * 20), Address(b"p" * 20)
HELLO = Hello((1,), "x", 7, GENESIS, b"fork", 0, PEER, "", 0, 0, GENESIS, 0, bytes(32))


def _judge(hello):
    return judge_hello(hello, network_id=7, genesis=GENESIS, own=OWN, proved=PEER)


def test_a_hello_of_the_same_network_is_let_in():
    assert _judge(HELLO) is None


def test_further_versions_do_no_harm():
    assert _judge(replace(HELLO, versions=(3, 1, 2))) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"versions": (2,)}, Reason.INCOMPATIBLE),
        ({"versions": ()}, Reason.INCOMPATIBLE),
        ({"network_id": 8}, Reason.INCOMPATIBLE),
        ({"genesis": Hash32(bytes(32))}, Reason.INCOMPATIBLE),
        ({"address": OWN}, Reason.SELF),
        ({"address": Address(bytes(20))}, Reason.UNEXPECTED_IDENTITY),
    ],
    ids=["other version", "no version", "network", "genesis", "own address", "foreign address"],
)
def test_a_hello_that_does_not_fit_is_refused_with_its_reason(changes, reason):
    refusal = _judge(replace(HELLO, **changes))
    assert refusal.reason is reason


def test_the_refusal_says_what_would_be_right():
    assert _judge(replace(HELLO, network_id=8)).why == "network 8, wants 7"
