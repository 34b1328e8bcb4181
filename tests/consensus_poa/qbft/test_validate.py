"""Each clause of consensus.md section 3.4, violated alone."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from node.base.block import Block
from node.consensus_poa.qbft.header import QbftExtra, with_extra
from node.consensus_poa.qbft.validate import Fault, Place, check_proposal, check_round_change
from tests.consensus_poa.qbft.network import OPTIONS
from tests.consensus_poa.qbft.solo import STRANGER, Solo, opened

SOLO = Solo()
MEMBERS = tuple(k.address for k in SOLO.keys)
PLACE = Place.above(SOLO.head, MEMBERS)
V = SOLO.block(0)
V_PREPARES = [SOLO.prepare(i, SOLO.digest(V)) for i in range(3)]
WITH_V = SOLO.change(0, 2, 0, V, V_PREPARES)


def fault(raw: bytes) -> Fault | None:
    return check_proposal(opened(raw), PLACE, OPTIONS)


def reason(raw: bytes) -> str | None:
    found = fault(raw)
    return None if found is None else found.reason


def changes(round_: int, authors: Sequence[int] = (0, 1, 2)) -> list[bytes]:
    return [SOLO.change(i, round_) for i in authors]


def test_right_proposals_of_all_three_sorts() -> None:
    assert reason(SOLO.proposal(0, V)) is None
    assert reason(SOLO.proposal(2, SOLO.block(2, 2), 2, changes(2))) is None
    again = [WITH_V, *changes(2, (1, 3))]
    assert reason(SOLO.proposal(2, SOLO.block(0, 2), 2, again, V_PREPARES)) is None


def test_only_the_leader_of_the_round_proposes_and_others_prove_nothing() -> None:
    assert fault(SOLO.proposal(1, SOLO.block(1))) == Fault("not_the_proposer", None)
    assert fault(SOLO.proposal(0, SOLO.block(0, 1), 1, changes(1))) == Fault(
        "not_the_proposer", None
    )


@pytest.mark.parametrize(
    ("block", "want"),
    [
        (SOLO.block(0, round_=1), "wrong_round"),
        (SOLO.block(0, number=2), "unknown_ancestor"),
        (SOLO.block(0, difficulty=2), "invalid_difficulty"),
        (SOLO.block(0, coinbase=STRANGER.address), "unauthorized_proposer"),
    ],
)
def test_a_wrong_header_is_an_invalid_proposal(block: Block, want: str) -> None:
    assert fault(SOLO.proposal(0, block)) == Fault(want, "invalid_proposal")


def test_a_proposed_block_has_no_seals_and_extra_data_of_qbft() -> None:
    sealed = Block(with_extra(V.header, QbftExtra(seals=(bytes(65),))), ())
    assert reason(SOLO.proposal(0, sealed)) == "unexpected_seals"
    strange = Block(replace(V.header, extra_data=bytes(97)), ())
    assert reason(SOLO.proposal(0, strange)) == "invalid_extra_data"


def test_round_0_needs_no_justification_and_its_leader_as_builder() -> None:
    assert reason(SOLO.proposal(0, V, 0, changes(1))) == "needless_justification"
    assert reason(SOLO.proposal(0, V, 0, (), V_PREPARES)) == "needless_justification"
    assert reason(SOLO.proposal(0, SOLO.block(1))) == "foreign_builder"


W = SOLO.block(2, 2)
AGAIN = SOLO.block(0, 2)
OTHER = SOLO.block(1)
OTHER_PREPARES = [SOLO.prepare(i, SOLO.digest(OTHER)) for i in range(3)]


@pytest.mark.parametrize(
    ("block", "proof", "prepares", "want"),
    [
        (W, changes(2, (0, 1)), (), "no_quorum_of_round_changes"),
        (W, changes(2, (0, 1, 1)), (), "no_quorum_of_round_changes"),
        (W, [*changes(2, (0, 1)), SOLO.change(2, 3)], (), "foreign_round_change"),
        (W, changes(2), V_PREPARES, "needless_justification"),
        (AGAIN, changes(2), (), "foreign_builder"),
        (W, [WITH_V, *changes(2, (1, 2))], V_PREPARES, "not_the_prepared_block"),
        (AGAIN, [WITH_V, *changes(2, (1, 2))], V_PREPARES[:2], "no_quorum_of_prepares"),
        (AGAIN, [WITH_V, *changes(2, (1, 2))], (), "no_quorum_of_prepares"),
        (AGAIN, [WITH_V, *changes(2, (1, 2))], OTHER_PREPARES, "foreign_prepare"),
        (
            AGAIN,
            [WITH_V, SOLO.change(1, 2, 0, OTHER, OTHER_PREPARES), *changes(2, (2,))],
            V_PREPARES,
            "two_prepared_blocks",
        ),
        (
            AGAIN,
            [SOLO.change(0, 2, 2, V, V_PREPARES), *changes(2, (1, 2))],
            V_PREPARES,
            "prepared_in_the_future",
        ),
    ],
)
def test_each_clause_of_the_justification(
    block: Block, proof: list[bytes], prepares: Sequence[bytes], want: str
) -> None:
    raw = SOLO.proposal(2, block, 2, proof, prepares)
    assert fault(raw) == Fault(want, "invalid_justification")


@pytest.mark.parametrize(
    ("raw", "want"),
    [
        (WITH_V, None),
        (SOLO.change(1, 1), None),
        (SOLO.change(1, 1000), None),
        (SOLO.change(1, 0), "round_out_of_range"),
        (SOLO.change(1, 1001), "round_out_of_range"),
        (SOLO.change(1, 2, prepares=V_PREPARES), "needless_justification"),
        (SOLO.change(1, 2, block=V), "block_without_metadata"),
        (SOLO.change(1, 2, 2, V, V_PREPARES), "prepared_in_the_future"),
        (SOLO.change(1, 2, 0, V, V_PREPARES[:2]), "no_quorum_of_prepares"),
        (SOLO.change(1, 2, 0, V, [V_PREPARES[0]] * 3), "no_quorum_of_prepares"),
        (SOLO.change(1, 2, 0, V, OTHER_PREPARES), "foreign_prepare"),
    ],
)
def test_each_clause_of_a_round_change(raw: bytes, want: str | None) -> None:
    assert check_round_change(opened(raw), PLACE) == want
