"""Each check of network.md section 10, and the order in which candidates are offered."""

from dataclasses import replace

import pytest
import rlp as pyrlp

from node.base.keys import SECP256K1_N, PrivateKey
from node.base.limits import POOL_AGE_US_MAX, TRANSACTION_BYTES_MAX
from node.evm import pool as pool_module
from node.evm.errors import (
    AccountLimitError,
    AlreadyKnownError,
    ChainIdError,
    GasLimitError,
    InsufficientFundsError,
    IntrinsicGasError,
    NonceError,
    OversizedDataError,
    PoolFullError,
    ReplacementUnderpricedError,
    SenderHasCodeError,
    SenderNotRegisteredError,
    SignatureError,
    TxDecodeError,
    TxTypeError,
    UnderpricedError,
)
from node.evm.forks import LONDON
from node.evm.genesis import GenesisAccount
from node.evm.pool import Pool, Role
from node.evm.transactions import sign_dynamic_fee
from tests.evm.chains import ALICE, BOB, CAROL, CHAIN_ID, VERIFIER, build, extend, ledger, legacy

_PLAIN = pyrlp.decode(legacy(ALICE, 0))
HIGH_S = pyrlp.encode([*_PLAIN[:8], SECP256K1_N - int.from_bytes(_PLAIN[8])])
RICH = {ALICE.address: GenesisAccount(balance=10**18)}


def _pool(book=None, role_of=None, **changes):
    extra = {} if role_of is None else {"role_of": role_of}
    return Pool(
        book or ledger(RICH, **changes),
        chain_id=CHAIN_ID,
        profile=LONDON,
        verifier=VERIFIER,
        **extra,
    )


def _everyone(role):
    return lambda _sender: role


def _order(pool):
    return [(transaction.sender, transaction.nonce) for transaction in pool.candidates()]


# -- what is taken in --


def test_a_good_transaction_is_offered():
    pool = _pool()
    transaction = pool.add(legacy(ALICE, 0), 0)
    assert list(pool.candidates()) == [transaction]
    assert transaction.hash in pool
    assert pool.get(transaction.hash) == transaction
    assert len(pool) == 1


def test_the_ledger_takes_what_the_pool_offers():
    book = ledger(RICH)
    pool = _pool(book)
    raws = [legacy(ALICE, 0), legacy(ALICE, 1), legacy(BOB, 0)]
    for raw in raws:
        pool.add(raw, 0)
    built = build(book, [transaction.raw for transaction in pool.candidates()])
    assert built.skipped == ()
    assert set(built.block.transactions) == set(raws)


@pytest.mark.parametrize(
    ("raw", "error", "says"),
    [
        (bytes(TRANSACTION_BYTES_MAX + 1), OversizedDataError, "oversized data"),
        (b"\xc0", TxDecodeError, "items"),
        (b"\x03\xc0", TxTypeError, "transaction type not supported"),
        (HIGH_S, SignatureError, "invalid sender"),
        (legacy(ALICE, 0, chain_id=1), ChainIdError, "invalid sender"),
        (legacy(ALICE, 0, chain_id=None), ChainIdError, "invalid sender"),
        (legacy(ALICE, 0, gas=15_000_001), GasLimitError, "exceeds block gas limit"),
        (legacy(ALICE, 0, gas=20_999), IntrinsicGasError, "intrinsic gas too low"),
        (
            legacy(BOB, 0, value=1),
            InsufficientFundsError,
            r"insufficient funds for gas \* price \+ value",
        ),
    ],
    ids=lambda part: part.__name__ if isinstance(part, type) else "",
)
def test_what_can_never_run_is_refused_in_the_words_of_go_ethereum(raw, error, says):
    pool = _pool()
    with pytest.raises(error, match=says):
        pool.add(raw, 0)
    assert len(pool) == 0


def test_the_gas_target_itself_is_accepted():
    pool = _pool()
    pool.add(legacy(ALICE, 0, gas=15_000_000), 0)
    assert len(pool) == 1


def test_a_fee_below_the_base_fee_is_underpriced():
    pool = _pool(base_fee=8)
    pool.add(legacy(ALICE, 0, gas_price=7), 0)  # 8 falls to 7 in the next block
    with pytest.raises(UnderpricedError, match="transaction underpriced"):
        pool.add(legacy(ALICE, 1, gas_price=6), 0)


def test_a_contract_cannot_send():
    book = ledger({BOB.address: GenesisAccount(nonce=0, code=b"\x00")})
    with pytest.raises(SenderHasCodeError):
        _pool(book).add(legacy(BOB, 0), 0)


def test_a_sender_without_role_is_refused():
    pool = _pool(role_of=lambda sender: Role.DOCTOR if sender == ALICE.address else None)
    pool.add(legacy(ALICE, 0), 0)
    with pytest.raises(SenderNotRegisteredError, match="sender not registered"):
        pool.add(legacy(BOB, 0), 0)


def test_a_transaction_is_taken_once():
    pool = _pool()
    pool.add(legacy(ALICE, 0), 0)
    with pytest.raises(AlreadyKnownError, match="already known"):
        pool.add(legacy(ALICE, 0), 1)


# -- nonces --


def test_a_used_nonce_is_too_low():
    book = ledger(RICH)
    extend(book, [legacy(ALICE, 0)])
    with pytest.raises(NonceError, match="nonce too low"):
        _pool(book).add(legacy(ALICE, 0, data=b"other"), 0)


def test_a_nonce_may_stand_64_above_the_next_missing_one():
    pool = _pool()
    pool.add(legacy(ALICE, 0), 0)
    pool.add(legacy(ALICE, 65), 0)
    with pytest.raises(NonceError, match="nonce too high"):
        pool.add(legacy(ALICE, 66), 0)


def test_what_stands_behind_a_gap_waits_until_it_is_filled():
    pool = _pool()
    pool.add(legacy(ALICE, 1), 0)
    assert _order(pool) == []
    pool.add(legacy(ALICE, 0), 0)
    assert _order(pool) == [(ALICE.address, 0), (ALICE.address, 1)]


def test_the_next_nonce_counts_what_can_run():
    pool = _pool()
    for nonce in (0, 1, 3):
        pool.add(legacy(ALICE, nonce), 0)
    assert pool.next_nonce(ALICE.address) == 2
    assert pool.next_nonce(BOB.address) == 0


# -- limits of one sender --


@pytest.mark.parametrize(
    ("role", "limit"),
    [(Role.PATIENT, 16), (Role.DOCTOR, 16), (Role.HOSPITAL, 256), (Role.REGULATOR, 256)],
)
def test_a_sender_has_so_many_executable_transactions(role, limit):
    pool = _pool(role_of=_everyone(role))
    for nonce in range(limit):
        pool.add(legacy(ALICE, nonce), 0)
    with pytest.raises(AccountLimitError, match="account limit exceeded"):
        pool.add(legacy(ALICE, limit), 0)
    assert len(pool) == limit


def test_the_nonce_gap_lets_64_transactions_wait():
    pool = _pool(role_of=_everyone(Role.PATIENT))
    pool.add(legacy(ALICE, 0), 0)
    for nonce in range(2, 66):
        pool.add(legacy(ALICE, nonce), 0)
    with pytest.raises(NonceError):
        pool.add(legacy(ALICE, 66), 0)
    assert len(pool) == 65


# -- replacing --


def test_a_free_transaction_is_replaced_once_per_block():
    book = ledger(RICH)
    pool = _pool(book)
    pool.add(legacy(ALICE, 0), 0)
    second = pool.add(legacy(ALICE, 0, data=b"2"), 0)
    with pytest.raises(ReplacementUnderpricedError, match="replacement transaction underpriced"):
        pool.add(legacy(ALICE, 0, data=b"3"), 0)
    assert list(pool.candidates()) == [second]
    block = extend(book)
    pool.head_changed(book, (), (), 0)
    assert block.header.number == 1
    assert pool.add(legacy(ALICE, 0, data=b"3"), 0) in list(pool.candidates())
    assert len(pool) == 1


def test_a_paid_transaction_is_replaced_for_ten_percent_more():
    pool = _pool()
    pool.add(legacy(ALICE, 0, gas_price=100), 0)
    with pytest.raises(ReplacementUnderpricedError):
        pool.add(legacy(ALICE, 0, gas_price=109), 0)
    better = pool.add(legacy(ALICE, 0, gas_price=110), 0)
    assert list(pool.candidates()) == [better]


def test_both_fees_must_rise():
    pool = _pool()
    fields = {"chain_id": CHAIN_ID, "nonce": 0, "to": BOB.address, "data": b"", "gas": 21_000}
    pool.add(sign_dynamic_fee(ALICE, max_fee=100, max_tip=10, **fields), 0)
    with pytest.raises(ReplacementUnderpricedError):
        pool.add(sign_dynamic_fee(ALICE, max_fee=200, max_tip=10, **fields), 0)
    pool.add(sign_dynamic_fee(ALICE, max_fee=200, max_tip=11, **fields), 0)
    with pytest.raises(ReplacementUnderpricedError):
        pool.add(legacy(ALICE, 0), 0)


# -- a full pool --


def _small(monkeypatch, executable=3, waiting=2):
    monkeypatch.setattr(pool_module, "POOL_EXECUTABLE_COUNT_MAX", executable)
    monkeypatch.setattr(pool_module, "POOL_WAITING_COUNT_MAX", waiting)
    roles = {ALICE.address: Role.REGULATOR, BOB.address: Role.DOCTOR, CAROL.address: Role.PATIENT}
    return _pool(role_of=roles.get)


def test_a_full_pool_evicts_the_highest_nonce_of_a_lower_role(monkeypatch):
    pool = _small(monkeypatch)
    for key, nonce in ((BOB, 0), (CAROL, 0), (CAROL, 1)):
        pool.add(legacy(key, nonce), 0)
    pool.add(legacy(ALICE, 0), 0)
    assert set(_order(pool)) == {(ALICE.address, 0), (BOB.address, 0), (CAROL.address, 0)}


def test_a_full_pool_evicts_nobody_of_the_same_or_a_higher_role(monkeypatch):
    pool = _small(monkeypatch)
    for nonce in range(3):
        pool.add(legacy(BOB, nonce), 0)
    for key in (BOB, CAROL):
        with pytest.raises(PoolFullError, match="txpool is full"):
            pool.add(legacy(key, 3 if key is BOB else 0), 0)
    assert len(pool) == 3


def test_waiting_transactions_have_room_of_their_own(monkeypatch):
    pool = _small(monkeypatch)
    pool.add(legacy(CAROL, 1), 0)
    pool.add(legacy(CAROL, 2), 0)
    with pytest.raises(PoolFullError):
        pool.add(legacy(CAROL, 3), 0)
    pool.add(legacy(BOB, 5), 0)
    assert pool.get(pool.add(legacy(CAROL, 0), 0).hash) is not None
    assert _order(pool) == [(CAROL.address, 0), (CAROL.address, 1)]


# -- order --


def test_regulators_stand_first_then_senders_take_turns_by_arrival():
    roles = {ALICE.address: Role.REGULATOR}
    pool = _pool(role_of=lambda sender: roles.get(sender, Role.DOCTOR))
    arrivals = [(CAROL, 0), (CAROL, 1), (BOB, 0), (CAROL, 2), (BOB, 1), (ALICE, 0), (ALICE, 1)]
    for key, nonce in arrivals:
        pool.add(legacy(key, nonce), 0)
    wanted = [(ALICE, 0), (ALICE, 1), (CAROL, 0), (BOB, 0), (CAROL, 1), (BOB, 1), (CAROL, 2)]
    assert _order(pool) == [(key.address, nonce) for key, nonce in wanted]


def test_a_sender_stands_where_its_role_of_now_puts_it():
    roles = {ALICE.address: Role.DOCTOR, BOB.address: Role.DOCTOR}
    pool = _pool(role_of=roles.get)
    for key in (BOB, ALICE):
        pool.add(legacy(key, 0), 0)
    roles[ALICE.address] = Role.REGULATOR
    pool.add(legacy(ALICE, 1), 0)
    assert [sender for sender, _ in _order(pool)] == [ALICE.address, ALICE.address, BOB.address]


def test_a_replacement_keeps_its_place():
    pool = _pool()
    pool.add(legacy(CAROL, 0), 0)
    pool.add(legacy(BOB, 0), 0)
    pool.add(legacy(CAROL, 0, data=b"again"), 9)
    assert _order(pool) == [(CAROL.address, 0), (BOB.address, 0)]


def test_the_order_does_not_depend_on_addresses():
    keys = [PrivateKey.from_bytes(bytes([n]) * 32) for n in range(40, 60)]
    pool = _pool()
    for key in keys:
        pool.add(legacy(key, 0), 0)
    assert [sender for sender, _ in _order(pool)] == [key.address for key in keys]


# -- following the head --


def test_included_transactions_leave_and_stay_known():
    book = ledger(RICH)
    pool = _pool(book)
    first, second = legacy(ALICE, 0), legacy(ALICE, 1)
    for raw in (first, second):
        pool.add(raw, 0)
    extend(book, [first])
    pool.head_changed(book, [book.decode(first).hash], (), 0)
    assert _order(pool) == [(ALICE.address, 1)]
    with pytest.raises(AlreadyKnownError):
        pool.add(first, 0)


def test_a_stale_nonce_leaves_when_another_transaction_took_it():
    book = ledger(RICH)
    pool = _pool(book)
    pool.add(legacy(ALICE, 0), 0)
    other = legacy(ALICE, 0, data=b"other")
    extend(book, [other])
    pool.head_changed(book, [book.decode(other).hash], (), 0)
    assert len(pool) == 0


def test_dropped_transactions_come_back():
    book = ledger(RICH)
    pool = _pool(book)
    raw = pool.add(legacy(ALICE, 0), 0).raw
    extend(book, [raw])
    pool.head_changed(book, [book.decode(raw).hash], (), 0)
    info = book.set_head(book.genesis_hash)
    pool.head_changed(book, (), info.dropped, 0)
    assert [transaction.raw for transaction in pool.candidates()] == [raw]


def test_dropped_transactions_that_fail_a_check_are_gone():
    book = ledger(RICH)
    pool = _pool(book)
    pool.head_changed(book, (), [b"\xc0", legacy(BOB, 0, value=1)], 0)
    assert len(pool) == 0


def test_a_transaction_is_known_for_256_blocks():
    class Far:
        """A ledger whose head is far ahead."""

        def __init__(self, book, number):
            self.head = replace(book.head, number=number)
            self.state = book.state

    book = ledger(RICH)
    pool = _pool(book)
    raw = legacy(ALICE, 0)
    pool.head_changed(Far(book, 1), [book.decode(raw).hash], (), 0)
    pool.head_changed(Far(book, 256), (), (), 0)
    with pytest.raises(AlreadyKnownError):
        pool.add(raw, 0)
    pool.head_changed(Far(book, 257), (), (), 0)
    assert pool.add(raw, 0).raw == raw


def test_removing_takes_what_a_builder_found_invalid():
    pool = _pool()
    first = pool.add(legacy(ALICE, 0), 0)
    pool.add(legacy(ALICE, 1), 0)
    pool.remove(first.hash)
    pool.remove(first.hash)
    assert _order(pool) == []
    assert len(pool) == 1


def test_transactions_expire_after_three_hours():
    pool = _pool()
    old = pool.add(legacy(ALICE, 0), 100)
    pool.add(legacy(BOB, 0), 101)
    assert pool.expire(99 + POOL_AGE_US_MAX) == ()
    assert pool.expire(100 + POOL_AGE_US_MAX) == (old.hash,)
    assert _order(pool) == [(BOB.address, 0)]
