from dataclasses import replace

import pytest
from eth.vm.forks.london.blocks import LondonBlockHeader
from eth.vm.forks.london.headers import calculate_expected_base_fee_per_gas
from hypothesis import given
from hypothesis import strategies as st

from node.base.errors import InvalidBlockError
from node.evm import blocks
from node.evm.blocks import check_child, check_header, gas_target, next_base_fee
from node.evm.forks import CANCUN, LONDON
from tests.evm.chains import ALICE, build, ledger, legacy

PARENT = ledger().head


@given(
    st.integers(5_000, 10**9), st.integers(0, 10**9), st.sampled_from([0, 1, 7, 8, 9, 10**9, 2**70])
)
def test_the_base_fee_follows_the_formula_of_py_evm(gas_limit, gas_used, base_fee):
    used = min(gas_used, gas_limit)
    parent = replace(PARENT, gas_limit=gas_limit, gas_used=used, base_fee=base_fee)
    stock = LondonBlockHeader(
        difficulty=1,
        block_number=0,
        gas_limit=gas_limit,
        gas_used=used,
        base_fee_per_gas=base_fee,
        timestamp=0,
    )
    assert next_base_fee(parent) == calculate_expected_base_fee_per_gas(stock)


@pytest.mark.parametrize(
    ("base_fee", "used", "after"),
    [(0, 0, 0), (0, 15_000_000, 0), (0, 15_000_001, 1), (1, 0, 1), (7, 0, 7), (8, 0, 7)],
)
def test_a_base_fee_of_zero_rises_above_the_target_and_never_comes_back(base_fee, used, after):
    assert next_base_fee(replace(PARENT, base_fee=base_fee, gas_used=used)) == after


def test_the_gas_target_is_half_the_limit():
    assert gas_target(30_000_001) == 15_000_000


def _child(**changes):
    return replace(PARENT, number=1, **changes)


@pytest.mark.parametrize("limit", [30_000_000, 30_000_000 + 29_295, 30_000_000 - 29_295])
def test_the_gas_limit_may_drift_by_less_than_a_1024th(limit):
    assert check_child(_child(gas_limit=limit), PARENT) is None


@pytest.mark.parametrize("limit", [30_000_000 + 29_296, 30_000_000 - 29_296])
def test_the_gas_limit_may_not_drift_by_a_1024th(limit):
    with pytest.raises(InvalidBlockError) as caught:
        check_child(_child(gas_limit=limit), PARENT)
    assert caught.value.rule == "gas limit drift"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [({"number": 0}, "number"), ({"number": 2}, "number"), ({"base_fee": 1}, "base fee")],
)
def test_a_child_follows_from_its_parent(changes, rule):
    with pytest.raises(InvalidBlockError) as caught:
        check_child(replace(_child(), **changes), PARENT)
    assert caught.value.rule == rule


CANCUN_FIELDS = {
    "withdrawals_root": PARENT.state_root,
    "blob_gas_used": 0,
    "excess_blob_gas": 0,
    "parent_beacon_root": bytes(32),
}


def _header(profile, **changes):
    return replace(_child(), **(CANCUN_FIELDS if profile is CANCUN else {}) | changes)


@pytest.mark.parametrize("profile", [LONDON, CANCUN], ids=lambda profile: profile.name)
def test_a_plain_header_passes(profile):
    assert check_header(_header(profile), profile) is None
    assert check_header(_header(profile, extra_data=bytes(8_192), gas_limit=5_000), profile) is None
    assert check_header(_header(profile, gas_limit=2**63 - 1), profile) is None
    assert check_header(_header(profile, gas_used=30_000_000), profile) is None


@pytest.mark.parametrize(
    ("profile", "changes", "rule"),
    [
        (LONDON, {"extra_data": bytes(8_193)}, "extra data size"),
        (LONDON, {"base_fee": None}, "header fields"),
        (LONDON, CANCUN_FIELDS, "header fields"),
        (CANCUN, {"withdrawals_root": None}, "header fields"),
        (LONDON, {"ommers_hash": bytes(32)}, "uncles hash"),
        (CANCUN, {"blob_gas_used": None}, "header fields"),
        (CANCUN, {"requests_hash": bytes(32)}, "header fields"),
        (CANCUN, {"withdrawals_root": bytes(32)}, "withdrawals root"),
        (CANCUN, {"blob_gas_used": 1}, "blob gas used"),
        (CANCUN, {"excess_blob_gas": 1}, "excess blob gas"),
        (CANCUN, {"parent_beacon_root": b"\x01" * 32}, "parent beacon root"),
        (LONDON, {"gas_limit": 4_999}, "gas limit range"),
        (LONDON, {"gas_limit": 2**63}, "gas limit range"),
        (LONDON, {"gas_used": 30_000_001}, "gas used above limit"),
    ],
)
def test_each_rule_of_a_header_has_a_name(profile, changes, rule):
    with pytest.raises(InvalidBlockError) as caught:
        check_header(_header(profile, **changes), profile)
    assert caught.value.rule == rule


@pytest.mark.parametrize(
    ("limit", "most"), [("BLOCK_TRANSACTIONS_MAX", 2), ("BODY_BYTES_MAX", 250)]
)
def test_a_builder_stops_at_the_limits_of_a_block(monkeypatch, limit, most):
    monkeypatch.setattr(blocks, limit, most)
    raws = [legacy(ALICE, nonce, gas=21_000) for nonce in range(4)]
    assert len(raws[0]) * 2 <= 250 < len(raws[0]) * 3
    built = build(ledger(), raws)
    assert built.block.transactions == tuple(raws[:2])
    assert built.skipped == ()
