"""Every header error of QBFT, each broken alone; the first failure wins."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from node.base.header import Header
from node.base.types import ZERO_HASH, Address, Hash32
from node.consensus_poa.qbft.header import QbftExtra, Vote, with_extra
from node.consensus_poa.qbft.rules import committers
from tests.consensus_poa.chains import VERIFIER
from tests.consensus_poa.qbft.network import OPTIONS
from tests.consensus_poa.qbft.solo import STRANGER, Solo

SOLO = Solo()
QUORUM = (0, 1, 2)


def seal(header: Header, sealers: Sequence[int], round_: int = 0, solo: Solo = SOLO) -> Header:
    """Give a header as it travels, with the seals of these validators."""
    extra = QbftExtra.decode(header.extra_data)
    digest = with_extra(header, replace(extra, round=round_, seals=())).hash()
    seals = tuple(solo.keys[i].sign(digest) for i in sealers)
    return with_extra(header, replace(extra, round=round_, seals=seals))


def verdict(header: Header, solo: Solo = SOLO) -> str | None:
    return solo.engine.verify_header(header, solo.head)


@pytest.mark.parametrize("round_", [0, 1, 300])
def test_a_header_with_a_quorum_of_seals_is_right(round_: int) -> None:
    header = seal(SOLO.block().header, QUORUM, round_)
    assert verdict(header) is None
    extra = QbftExtra.decode(header.extra_data)
    assert committers(header, extra, VERIFIER) == [SOLO.keys[i].address for i in QUORUM]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"mix_hash": ZERO_HASH}, "invalid_mix_digest"),
        ({"nonce": b"\1" * 8}, "invalid_nonce"),
        ({"ommers_hash": ZERO_HASH}, "invalid_uncle_hash"),
        ({"difficulty": 2}, "invalid_difficulty"),
        ({"gas_limit": 4_999}, "invalid_gas_limit"),
        ({"gas_limit": 2**63}, "invalid_gas_limit"),
        ({"gas_limit": 30_000_000 + 30_000_000 // 1024}, "invalid_gas_limit"),
        ({"withdrawals_root": ZERO_HASH}, "invalid_withdrawals_root"),
        ({"blob_gas_used": 1}, "invalid_blob_gas"),
        ({"excess_blob_gas": 1}, "invalid_blob_gas"),
        ({"parent_beacon_root": Hash32(b"\1" * 32)}, "invalid_beacon_root"),
        ({"requests_hash": ZERO_HASH}, "unsupported_fork"),
        ({"number": 2}, "unknown_ancestor"),
        ({"parent_hash": ZERO_HASH}, "unknown_ancestor"),
        ({"timestamp": SOLO.head.timestamp + OPTIONS.period - 1}, "invalid_timestamp"),
        ({"gas_used": 30_000_001}, "invalid_gas_used"),
        ({"base_fee": 1}, "invalid_base_fee"),
        ({"coinbase": STRANGER.address}, "unauthorized_proposer"),
    ],
)
def test_each_field_has_its_rule(fields: dict[str, object], error: str) -> None:
    header = replace(SOLO.block().header, **fields)  # type: ignore[arg-type]
    assert verdict(seal(header, QUORUM)) == error


def test_older_forms_of_headers_are_another_fork() -> None:
    later = dict.fromkeys(
        ("withdrawals_root", "blob_gas_used", "excess_blob_gas", "parent_beacon_root")
    )
    london = replace(SOLO.block().header, **later)
    frontier = replace(london, base_fee=None)
    for header in (london, frontier):
        assert verdict(seal(header, QUORUM)) == "unsupported_fork"


def test_the_seals_are_a_quorum_of_members_each_once() -> None:
    header = SOLO.block().header
    assert verdict(seal(header, ())) == "not_enough_seals"
    assert verdict(seal(header, (0, 1))) == "not_enough_seals"
    assert verdict(seal(header, (0, 1, 1))) == "duplicate_seal"
    assert verdict(seal(header, (0, 1, 2, 3, 3))) == "too_many_seals"
    right = QbftExtra.decode(seal(header, QUORUM).extra_data)
    digest = header.hash()
    foreign = replace(right, seals=(*right.seals[:2], STRANGER.sign(digest)))
    assert verdict(with_extra(header, foreign)) == "unauthorized_seal"
    broken = replace(right, seals=(*right.seals[:2], bytes(65)))
    assert verdict(with_extra(header, broken)) == "invalid_seal"


def test_seals_of_another_round_are_not_the_validators() -> None:
    header = seal(SOLO.block().header, QUORUM, 1)
    extra = replace(QbftExtra.decode(header.extra_data), round=2)
    assert verdict(with_extra(header, extra)) in ("unauthorized_seal", "invalid_seal")


def test_extra_data_that_cannot_be_read_is_refused() -> None:
    header = replace(SOLO.block().header, extra_data=bytes(97))
    assert verdict(header) == "invalid_extra_data"


def test_with_a_contract_headers_list_nobody_and_carry_no_votes() -> None:
    header = SOLO.block().header
    listed = QbftExtra(validators=tuple(k.address for k in SOLO.keys))
    voting = QbftExtra(vote=Vote(Address(bytes(20)), is_add=True))
    assert verdict(seal(with_extra(header, listed), QUORUM)) == "unexpected_validators"
    assert verdict(seal(with_extra(header, voting), QUORUM)) == "unexpected_vote"


def test_without_a_contract_headers_list_the_set_ascending() -> None:
    solo = Solo(options=replace(OPTIONS, validators_from="header"))
    header = solo.block().header
    extra = QbftExtra.decode(header.extra_data)
    assert verdict(seal(header, QUORUM, solo=solo), solo) is None
    for listed in ((), extra.validators[:3], extra.validators[::-1]):
        wrong = with_extra(header, replace(extra, validators=listed))
        assert verdict(seal(wrong, QUORUM, solo=solo), solo) == "mismatching_validators"


def test_where_no_set_can_be_read_no_header_is_right() -> None:
    solo = Solo()
    header = seal(solo.block().header, QUORUM)
    solo.sets.changes = {1: ()}
    assert verdict(header, solo) == "validators_unavailable"
