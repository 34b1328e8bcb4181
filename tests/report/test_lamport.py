"""The Lamport diagram."""

import re

from node.report.data import MessageRow
from node.report.lamport import MESSAGES_DRAWN_MAX, lamport
from tests.report.markup import Markup
from tests.report.sample import HOSTILE, NODES, extra


def _message(t_us: int, arrive_us: int, src: str = "h0", dst: str = "h1") -> MessageRow:
    return {
        "t_us": t_us, "arrive_us": arrive_us, "src": src, "dst": dst, "type": "NewBlock",
        "bytes": 700,
    }  # fmt: skip


def _ends(drawn: str) -> list[tuple[int, int, int, int]]:
    found = re.findall(r'x1="(\d+)" y1="(\d+)" x2="(\d+)" y2="(\d+)"', drawn)
    return [(int(a), int(b), int(c), int(d)) for a, b, c, d in found]


def test_arrow_goes_down_from_sender_to_receiver() -> None:
    ((x1, y1, x2, y2),) = _ends(lamport([_message(5, 9)], NODES))
    assert x1 < x2
    assert y1 < y2


def test_arrow_to_an_earlier_column_goes_left() -> None:
    ((x1, _, x2, _),) = _ends(lamport([_message(5, 9, "h3", "h0")], NODES))
    assert x1 > x2


def test_equal_moments_share_a_row() -> None:
    first, second = _ends(lamport([_message(5, 9), _message(5, 7)], NODES))
    assert first[1] == second[1]
    assert second[3] < first[3]


def test_message_says_what_it_is() -> None:
    assert "NewBlock h0 to h1, 700 bytes, 4 us under way" in lamport([_message(5, 9)], NODES)


def test_broadcast_is_labelled_once_to_each_side() -> None:
    sent = [_message(1, 5, "h1", to) for to in ("h0", "h2", "h3")]
    drawn = lamport(sent, NODES)
    assert drawn.count('class="kind"') == 2
    assert len(_ends(drawn)) == 3


def test_at_most_two_hundred_messages_are_drawn() -> None:
    many = [_message(n, n + 3) for n in range(MESSAGES_DRAWN_MAX + 1)]
    assert len(_ends(lamport(many, NODES))) == MESSAGES_DRAWN_MAX


def test_node_outside_the_list_gets_a_column() -> None:
    assert ">x9</text>" in lamport([_message(1, 2, "x9", "h0")], NODES)


def test_sample_nests_and_hostile_names_stay_text() -> None:
    assert Markup(lamport(extra()["messages"], NODES)).problems == []
    assert "img" not in Markup(lamport([_message(1, 2, HOSTILE, "h0")], NODES)).tags
