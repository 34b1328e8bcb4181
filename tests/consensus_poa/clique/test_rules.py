"""Every header error of consensus.md section 4.3, each broken alone; the first failure wins."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from node.base.header import Header
from node.base.keys import SECP256K1_N
from node.base.types import ZERO_HASH, Address, Hash32
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.clique.rules import check_shape, turn_difficulty
from node.consensus_poa.events import BlockReceived
from node.consensus_poa.extra_data import SEAL_BYTES, clique_extra
from tests.consensus_poa.chains import VANITY, Forge, ascending, block, key, refusals

KEYS = ascending(4)
OPTIONS = CliqueOptions(period=5, epoch=6)


def forge_at(height: int, **genesis_fields: object) -> tuple[Forge, Header]:
    """Give a forge whose chain has ``height`` blocks, all in turn."""
    forge = Forge(KEYS, OPTIONS, **genesis_fields)
    head = forge.genesis
    for number in range(1, height + 1):
        head = forge.extend(head, KEYS[number % 4])
    return forge, head


def verdict(height: int, change: Callable[[Header], dict[str, object]]) -> str | None:
    """Change the right block ``height`` + 1, seal it again, and give what import says."""
    forge, head = forge_at(height)
    sealer = KEYS[(height + 1) % 4]
    right = forge.unsealed(head, sealer)
    header = forge.seal(head, sealer, **change(right))
    return forge.engine().verify_header(header, head)


ONE = Hash32(b"\x01" * 32)
PLAIN: list[tuple[str, dict[str, object]]] = [
    ("invalid_vote", {"nonce": b"\x01" * 8}),
    ("extra_signers", {"extra_data": clique_extra(VANITY, [KEYS[0].address])}),
    ("invalid_mix_digest", {"mix_hash": ONE}),
    ("invalid_uncle_hash", {"ommers_hash": ZERO_HASH}),
    ("invalid_difficulty", {"difficulty": 3}),
    ("invalid_difficulty", {"difficulty": 0}),
    ("invalid_gas_limit", {"gas_limit": 2**63}),
    ("invalid_gas_limit", {"gas_limit": 30_000_000 + 30_000_000 // 1024}),
    ("invalid_gas_limit", {"gas_limit": 30_000_000 - 30_000_000 // 1024}),
    ("invalid_gas_used", {"gas_used": 30_000_001}),
    ("invalid_base_fee", {"base_fee": 1}),
    ("invalid_base_fee", {"base_fee": None}),
    (
        "unsupported_fork",
        {
            "withdrawals_root": ONE,
            "blob_gas_used": 0,
            "excess_blob_gas": 0,
            "parent_beacon_root": ONE,
        },
    ),
    ("wrong_difficulty", {"difficulty": 1}),
]


@pytest.mark.parametrize(("error", "fields"), PLAIN)
def test_a_header_that_breaks_one_rule_is_refused_by_its_name(
    error: str, fields: dict[str, object]
) -> None:
    assert verdict(1, lambda _right: fields) == error


CHECKPOINT: list[tuple[str, dict[str, object]]] = [
    ("invalid_checkpoint_beneficiary", {"coinbase": KEYS[0].address}),
    ("invalid_checkpoint_vote", {"nonce": b"\xff" * 8}),
    ("invalid_checkpoint_signers", {"extra_data": VANITY + bytes(79) + bytes(SEAL_BYTES)}),
    (
        "mismatching_checkpoint_signers",
        {"extra_data": clique_extra(VANITY, [k.address for k in KEYS[:3]])},
    ),
    (
        "mismatching_checkpoint_signers",
        {"extra_data": clique_extra(VANITY, [k.address for k in reversed(KEYS)])},
    ),
    ("mismatching_checkpoint_signers", {"extra_data": clique_extra(VANITY)}),
]


@pytest.mark.parametrize(("error", "fields"), CHECKPOINT)
def test_a_checkpoint_that_breaks_one_rule_is_refused_by_its_name(
    error: str, fields: dict[str, object]
) -> None:
    assert verdict(5, lambda _right: fields) == error


def test_a_right_block_and_a_right_checkpoint_pass() -> None:
    assert verdict(1, lambda _right: {}) is None
    assert verdict(5, lambda _right: {}) is None


def test_extra_data_shorter_than_the_vanity_misses_the_vanity() -> None:
    forge, head = forge_at(1)
    header = replace(forge.unsealed(head, KEYS[2]), extra_data=bytes(31))
    assert forge.engine().verify_header(header, head) == "missing_vanity"


@pytest.mark.parametrize("size", [32, 96])
def test_extra_data_without_room_for_a_seal_misses_the_signature(size: int) -> None:
    forge, head = forge_at(1)
    header = replace(forge.unsealed(head, KEYS[2]), extra_data=bytes(size))
    assert forge.engine().verify_header(header, head) == "missing_signature"


def test_a_header_on_another_parent_has_an_unknown_ancestor() -> None:
    forge, head = forge_at(2)
    header = forge.seal(head, KEYS[3])
    assert forge.engine().verify_header(header, forge.genesis) == "unknown_ancestor"


def test_a_header_whose_number_skips_one_has_an_unknown_ancestor() -> None:
    assert verdict(1, lambda right: {"number": right.number + 1}) == "unknown_ancestor"


def test_a_header_on_a_parent_of_unknown_past_has_an_unknown_ancestor() -> None:
    forge, head = forge_at(2)
    stranger = Forge(KEYS, OPTIONS, timestamp=1)
    header = forge.seal(head, KEYS[3])
    assert stranger.engine().verify_header(header, head) == "unknown_ancestor"


def test_a_block_may_come_exactly_one_period_after_its_parent_but_not_earlier() -> None:
    assert verdict(1, lambda right: {"timestamp": right.timestamp}) is None
    assert verdict(1, lambda right: {"timestamp": right.timestamp - 1}) == "invalid_timestamp"


def test_an_empty_seal_is_invalid() -> None:
    forge, head = forge_at(1)
    assert forge.engine().verify_header(forge.unsealed(head, KEYS[2]), head) == "invalid_seal"


def test_the_second_seal_that_anybody_can_make_of_a_right_one_is_refused() -> None:
    """High s with flipped v recovers to the same signer: a second block hash for nothing."""
    forge, head = forge_at(1)
    right = forge.seal(head, KEYS[2])
    seal = right.extra_data[-SEAL_BYTES:]
    s = SECP256K1_N - int.from_bytes(seal[32:64])
    flipped = seal[:32] + s.to_bytes(32) + bytes([1 - seal[64]])
    wrong = replace(right, extra_data=right.extra_data[:-SEAL_BYTES] + flipped)
    assert forge.engine().verify_header(right, head) is None
    assert forge.engine().verify_header(wrong, head) == "invalid_seal"


@pytest.mark.parametrize("v", [2, 27, 28, 255])
def test_a_seal_with_v_above_1_is_invalid(v: int) -> None:
    forge, head = forge_at(1)
    right = forge.seal(head, KEYS[2])
    wrong = replace(right, extra_data=right.extra_data[:-1] + bytes([v]))
    assert forge.engine().verify_header(wrong, head) == "invalid_seal"


def test_a_stranger_is_unauthorised() -> None:
    forge, head = forge_at(1)
    header = forge.seal(head, key("stranger"))
    assert forge.engine().verify_header(header, head) == "unauthorized_signer"


def test_a_signer_may_not_seal_again_within_the_limit() -> None:
    """N = 4, limit 3: who sealed block 1 may seal block 4 again, not 2 and not 3."""
    forge, head = forge_at(1)
    verdicts = []
    for number in (2, 3, 4):
        header = forge.seal(head, KEYS[1])
        verdicts.append(forge.engine().verify_header(header, head))
        head = forge.extend(head, KEYS[number % 4])
    assert verdicts == ["recently_signed", "recently_signed", None]


def test_near_genesis_a_signer_may_not_seal_twice_either() -> None:
    """Unsigned, 2 - 3 wraps around and block 2 by the signer of block 1 would pass."""
    forge, head = forge_at(0)
    first = forge.extend(head, KEYS[1])
    second = forge.seal(first, KEYS[1])
    assert forge.engine().verify_header(second, first) == "recently_signed"


def test_a_block_that_says_in_turn_out_of_turn_is_refused() -> None:
    forge, head = forge_at(1)
    header = forge.seal(head, KEYS[3], difficulty=2)
    assert forge.engine().verify_header(header, head) == "wrong_difficulty"


# -- order: of two broken rules the earlier is named -------------------------------------------

ORDER: list[tuple[str, dict[str, object], bool]] = [
    ("invalid_checkpoint_beneficiary", {"coinbase": KEYS[0].address}, True),
    ("invalid_vote", {"nonce": b"\x01" * 8}, False),
    ("invalid_checkpoint_vote", {"nonce": b"\xff" * 8}, True),
    ("extra_signers", {"extra_data": clique_extra(VANITY, [KEYS[0].address])}, False),
    ("invalid_checkpoint_signers", {"extra_data": bytes(32 + 79 + 65)}, True),
    ("invalid_mix_digest", {"mix_hash": ONE}, False),
    ("invalid_uncle_hash", {"ommers_hash": ZERO_HASH}, False),
    ("invalid_difficulty", {"difficulty": 3}, False),
    ("invalid_gas_limit", {"gas_limit": 2**63}, False),
    ("unsupported_fork", PLAIN[12][1], False),
    ("invalid_timestamp", {"timestamp": 0}, False),
    ("invalid_gas_used", {"gas_used": 2**62}, False),
    ("invalid_gas_limit", {"gas_limit": 40_000_000}, False),
    ("invalid_base_fee", {"base_fee": 9}, False),
    ("mismatching_checkpoint_signers", {"extra_data": clique_extra(VANITY)}, True),
]


def broken(names: list[int], *, at_checkpoint: bool) -> str | None:
    fields: dict[str, object] = {}
    for index in reversed(names):
        fields.update(ORDER[index][1])
    return verdict(5 if at_checkpoint else 1, lambda _right: fields)


PAIRS = [
    (a, b)
    for a in range(len(ORDER))
    for b in range(a + 1, len(ORDER))
    if not ORDER[a][1].keys() & ORDER[b][1].keys()
    # a checkpoint has no extra signers
    and not ((ORDER[a][2] or ORDER[b][2]) and "extra_signers" in (ORDER[a][0], ORDER[b][0]))
]


@pytest.mark.parametrize(("earlier", "later"), PAIRS)
def test_of_two_broken_rules_the_earlier_is_named(earlier: int, later: int) -> None:
    at_checkpoint = ORDER[earlier][2] or ORDER[later][2]
    assert broken([earlier, later], at_checkpoint=at_checkpoint) == ORDER[earlier][0]


def test_a_wrong_list_is_named_before_a_bad_seal() -> None:
    forge, head = forge_at(5)
    header = forge.unsealed(head, KEYS[2], extra_data=clique_extra(VANITY))
    assert forge.engine().verify_header(header, head) == "mismatching_checkpoint_signers"


def test_a_recent_signer_is_named_before_a_wrong_turn() -> None:
    forge, head = forge_at(1)
    header = forge.seal(head, KEYS[1], difficulty=2)
    assert forge.engine().verify_header(header, head) == "recently_signed"


def test_the_future_is_named_before_everything_else() -> None:
    forge, head = forge_at(1)
    header = forge.seal(head, KEYS[2], nonce=b"\x01" * 8)
    engine = forge.started(now=(header.timestamp - 1) * 10**6)
    event = BlockReceived(block(header), None, None)
    effects = engine.handle(event, (header.timestamp - 1) * 10**6)
    assert refusals(effects) == ["future_block"]


# -- gas --------------------------------------------------------------------------------------


def test_the_gas_limit_may_drift_by_less_than_a_1024th() -> None:
    step = 30_000_000 // 1024 - 1
    assert verdict(1, lambda _right: {"gas_limit": 30_000_000 + step}) is None
    assert verdict(1, lambda _right: {"gas_limit": 30_000_000 - step}) is None


def test_the_gas_limit_stays_at_5000_or_above() -> None:
    forge = Forge(KEYS, OPTIONS, gas_limit=5_000)
    low = forge.seal(forge.genesis, KEYS[1], gas_limit=4_999)
    least = forge.seal(forge.genesis, KEYS[1], gas_limit=5_000)
    assert forge.engine().verify_header(low, forge.genesis) == "invalid_gas_limit"
    assert forge.engine().verify_header(least, forge.genesis) is None


def test_the_gas_limit_doubles_at_london() -> None:
    forge = Forge(KEYS, CliqueOptions(london_block=1), base_fee=None)
    doubled = forge.seal(forge.genesis, KEYS[1], gas_limit=60_000_000)
    same = forge.seal(forge.genesis, KEYS[1])
    assert forge.engine().verify_header(doubled, forge.genesis) is None
    assert forge.engine().verify_header(same, forge.genesis) == "invalid_gas_limit"


# -- pieces -----------------------------------------------------------------------------------


def test_every_height_is_the_turn_of_exactly_one_signer() -> None:
    forge = Forge(KEYS, OPTIONS)
    before = forge.branches.snapshot(forge.genesis.hash())
    assert before is not None
    for number in range(1, 9):
        turns = [turn_difficulty(before, number, k.address) for k in KEYS]
        assert sorted(turns) == [1, 1, 1, 2]
        assert turns.index(2) == number % 4


def test_a_vote_for_any_target_is_a_right_shape() -> None:
    forge, head = forge_at(1)
    for authorize in (True, False):
        header = forge.seal(head, KEYS[2], vote=(Address(b"\x09" * 20), authorize))
        assert check_shape(header, OPTIONS) is None
