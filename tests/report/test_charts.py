"""Block lanes and grant windows as SVG."""

import re

import pytest

from node.report.charts import BLOCKS_DRAWN_MAX, block_lanes, clock_text, grant_bars
from node.report.data import GrantRow
from tests.report.markup import Markup
from tests.report.sample import EPOCH_S, HOSTILE, NODES, block


def _grant(**fields: object) -> GrantRow:
    base: GrantRow = {
        "id": "grant-1",
        "grantee": "doc-2",
        "from": 100,
        "until": 700,
        "revoked": None,
        "releases": [],
        "refusals": [],
    }
    return {**base, **fields}  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00"), (59, "0:59"), (60, "1:00"), (3_599, "59:59"), (3_661, "1:01:01"), (-5, "-0:05")],
)
def test_clock(seconds: int, shown: str) -> None:
    assert clock_text(seconds) == shown


def test_block_in_turn_is_a_square_and_out_of_turn_a_ring() -> None:
    drawn = block_lanes([block(1, "h0", 2), block(2, "h1", 1)], NODES)
    assert drawn.count('<rect class="in"') == 1
    assert drawn.count('<circle class="out"') == 1


def test_every_block_says_what_it_is() -> None:
    drawn = block_lanes([block(1, "h0", 2), block(2, "h1", 1, 3)], NODES)
    assert "block 2 at 0:05, sealed by h1 out of turn, 3 tx, 63,000 gas" in drawn


def test_blocks_of_one_validator_are_on_one_lane() -> None:
    drawn = block_lanes([block(1, "h0", 1), block(2, "h1", 1), block(3, "h0", 1)], NODES)
    lanes = re.findall(r'<circle class="out" cx="\d+" cy="(\d+)"', drawn)
    assert lanes[0] == lanes[2] != lanes[1]


def test_later_blocks_are_further_right_and_inside_the_drawing() -> None:
    drawn = block_lanes([block(n, "h0", 1) for n in range(1, 300)], NODES)
    xs = [int(x) for x in re.findall(r'cx="(\d+)"', drawn)]
    (width,) = {int(found) for found in re.findall(r'viewBox="0 0 (\d+)', drawn)}
    assert xs == sorted(xs)
    assert xs[-1] < width


def test_single_block_is_drawn() -> None:
    assert Markup(block_lanes([block(1, "h0", 2)], NODES)).problems == []


def test_signer_that_is_no_node_of_the_list_gets_a_lane() -> None:
    assert ">x9</text>" in block_lanes([block(1, "x9", 2)], NODES)


def test_too_many_blocks_are_cut() -> None:
    drawn = block_lanes([block(n, "h0", 1) for n in range(1, BLOCKS_DRAWN_MAX + 2)], NODES)
    assert drawn.count("<circle") == BLOCKS_DRAWN_MAX


def test_names_are_escaped() -> None:
    drawn = block_lanes([block(1, HOSTILE, 2)], [HOSTILE])
    assert "img" not in Markup(drawn).tags


def test_grant_shows_window_releases_and_refusals() -> None:
    drawn = grant_bars([_grant(releases=[200, 300], refusals=[800])], 0)
    assert drawn.count('class="window"') == 1
    assert drawn.count('class="release"') == 2
    assert drawn.count('class="refusal"') == 1
    assert "grant-1 for doc-2: open 1:40 to 11:40" in drawn


def test_releases_of_one_block_time_are_one_mark_that_counts() -> None:
    drawn = grant_bars([_grant(releases=[200, 300, 200])], 0)
    assert drawn.count('class="release"') == 2
    assert "2 x release at 3:20" in drawn


def test_window_ends_at_a_revocation() -> None:
    assert "open 1:40 to 5:00" in grant_bars([_grant(revoked=300)], 0)


def test_revocation_after_the_end_changes_nothing() -> None:
    assert "open 1:40 to 11:40" in grant_bars([_grant(revoked=900)], 0)


def test_times_count_from_the_start_that_is_given() -> None:
    moved = _grant(**{"from": EPOCH_S + 100, "until": EPOCH_S + 700})
    assert "open 1:40 to 11:40" in grant_bars([moved], EPOCH_S)
