"""Header rules of each fork: the border that holds, and one beyond it."""

from dataclasses import replace

import pytest

from node.base.errors import ConfigError, InvalidBlockError
from node.base.types import ZERO_HASH
from node.evm.foreign_headers import check_foreign_header
from node.evm.forks import GAS_PER_BLOB, Fork
from tests.evm.foreign_chain import book_of, config_of

BLOB_LIMIT = 6 * GAS_PER_BLOB


def _judge(fork, *, seal_period_s=None, parent=None, config=None, blocks=0, **changes):
    book = book_of(fork, config=config)
    for _ in range(blocks):
        book.add(book.make())
    for key, value in (parent or {}).items():
        book.line[-1] = replace(book.line[-1], header=replace(book.head, **{key: value}))
    book.blocks[book.head.hash()] = book.line[-1]
    header = replace(book.make().header, **changes)
    forks = book.rules._forks
    check_foreign_header(header, book.head, forks, seal_period_s=seal_period_s)


ALL = [fork for fork in Fork if fork is not Fork.CONSTANTINOPLE]


@pytest.mark.parametrize("fork", ALL)
def test_a_plain_header_is_valid_under_every_fork(fork):
    _judge(fork)


@pytest.mark.parametrize(
    ("fork", "changes", "rule"),
    [
        (Fork.BERLIN, {"number": 2}, "number"),
        (Fork.BERLIN, {"base_fee": 1}, "header fields"),
        (Fork.LONDON, {"base_fee": None}, "header fields"),
        (Fork.LONDON, {"withdrawals_root": ZERO_HASH}, "header fields"),
        (Fork.SHANGHAI, {"withdrawals_root": None}, "header fields"),
        (Fork.SHANGHAI, {"parent_beacon_root": ZERO_HASH}, "header fields"),
        (Fork.CANCUN, {"requests_hash": ZERO_HASH}, "header fields"),
        (Fork.PRAGUE, {"requests_hash": None}, "header fields"),
        (Fork.BERLIN, {"timestamp": 0}, "timestamp"),
        (Fork.PARIS, {"timestamp": 0}, "timestamp"),
        (Fork.BERLIN, {"extra_data": bytes(33)}, "extra data size"),
        (Fork.PARIS, {"extra_data": bytes(33)}, "extra data size"),
        (Fork.FRONTIER, {"gas_limit": 4_999}, "gas limit range"),
        (Fork.PARIS, {"gas_limit": 2**63}, "gas limit range"),
        (Fork.FRONTIER, {"gas_used": 30_000_001}, "gas used above limit"),
        (Fork.BERLIN, {"gas_limit": 30_000_000 + 29_296}, "gas limit drift"),
        (Fork.LONDON, {"gas_limit": 30_000_000 - 29_296}, "gas limit drift"),
        (Fork.LONDON, {"base_fee": 875_000_001}, "base fee"),
        (Fork.PARIS, {"difficulty": 1, "blocks": 1}, "difficulty"),
        (Fork.SHANGHAI, {"difficulty": 1}, "difficulty"),
        (Fork.LONDON, {"difficulty": 0}, "difficulty"),
        (Fork.PARIS, {"nonce": b"\0" * 7 + b"\1"}, "nonce"),
        (Fork.PARIS, {"ommers_hash": ZERO_HASH}, "uncles hash"),
        (Fork.CANCUN, {"blob_gas_used": BLOB_LIMIT + GAS_PER_BLOB}, "blob gas limit"),
        (Fork.CANCUN, {"excess_blob_gas": 1}, "excess blob gas"),
    ],
)
def test_each_rule_has_a_header_that_breaks_only_it(fork, changes, rule):
    with pytest.raises(InvalidBlockError) as caught:
        _judge(fork, **changes)
    assert caught.value.rule == rule


@pytest.mark.parametrize(
    ("fork", "changes"),
    [
        (Fork.BERLIN, {"timestamp": 1}),
        (Fork.BERLIN, {"extra_data": bytes(32)}),
        (Fork.BERLIN, {"gas_limit": 30_000_000 + 29_295}),
        (Fork.FRONTIER, {"gas_used": 30_000_000}),
        (Fork.BERLIN, {"nonce": bytes(range(8)), "difficulty": 2**255}),
        (Fork.CANCUN, {"blob_gas_used": BLOB_LIMIT}),
    ],
)
def test_the_border_holds(fork, changes):
    _judge(fork, **changes)


def test_london_begins_with_one_gwei_and_twice_the_limit():
    config = config_of(Fork.LONDON, at=1)
    _judge(Fork.LONDON, config=config, base_fee=10**9, gas_limit=60_000_000)
    with pytest.raises(InvalidBlockError) as caught:
        _judge(Fork.LONDON, config=config, base_fee=10**9, gas_limit=30_000_000)
    assert caught.value.rule == "gas limit drift"
    with pytest.raises(InvalidBlockError) as caught:
        _judge(Fork.LONDON, config=config, base_fee=10**9 - 1)
    assert caught.value.rule == "base fee"


@pytest.mark.parametrize(("period", "least"), [(0, 0), (15, 15)])
def test_clique_waits_for_its_period_and_no_longer(period, least):
    _judge(Fork.BERLIN, seal_period_s=period, timestamp=least, extra_data=bytes(97))
    if least:
        with pytest.raises(InvalidBlockError) as caught:
            _judge(Fork.BERLIN, seal_period_s=period, timestamp=least - 1)
        assert caught.value.rule == "timestamp"


def test_after_the_merge_a_clique_chain_is_any_other():
    with pytest.raises(InvalidBlockError) as caught:
        _judge(Fork.PARIS, seal_period_s=0, timestamp=0)
    assert caught.value.rule == "timestamp"
    with pytest.raises(InvalidBlockError) as caught:
        _judge(Fork.PARIS, seal_period_s=0, extra_data=bytes(97))
    assert caught.value.rule == "extra data size"


def test_what_is_left_of_the_blobs_above_the_target_is_carried_over():
    full = {"blob_gas_used": BLOB_LIMIT, "excess_blob_gas": GAS_PER_BLOB}
    _judge(Fork.CANCUN, parent=full, excess_blob_gas=4 * GAS_PER_BLOB)
    with pytest.raises(InvalidBlockError) as caught:
        _judge(Fork.CANCUN, parent=full, excess_blob_gas=3 * GAS_PER_BLOB)
    assert caught.value.rule == "excess blob gas"


def test_prague_has_a_target_of_its_own():
    full = {"blob_gas_used": 9 * GAS_PER_BLOB, "excess_blob_gas": 0}
    _judge(Fork.PRAGUE, parent=full, excess_blob_gas=3 * GAS_PER_BLOB)


def test_a_fork_that_is_not_known_here_is_the_operators_business():
    with pytest.raises(ConfigError, match="osakaTime"):
        _judge(Fork.PRAGUE, config={"osakaTime": 1_000}, timestamp=1_000)
