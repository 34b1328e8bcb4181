"""Each row of the table of checks in network.md section 10, with its error and its borders."""

import pytest
import rlp as pyrlp

from node.base.keys import SECP256K1_N
from node.base.limits import TRANSACTION_BYTES_MAX
from node.evm.errors import (
    AccountLimitError,
    AlreadyKnownError,
    ChainIdError,
    FeeTooLowError,
    GasBudgetError,
    GasLimitError,
    InsufficientFundsError,
    IntrinsicGasError,
    NonceError,
    OversizedDataError,
    ReplacementUnderpricedError,
    SenderHasCodeError,
    SenderNotRegisteredError,
    SignatureError,
    TxDecodeError,
    TxTypeError,
    UnderpricedError,
)
from node.evm.genesis import GenesisAccount
from node.evm.roles import Role
from node.evm.transactions import sign_access_list, sign_dynamic_fee
from tests.evm.chains import (
    ALICE,
    BOB,
    CHAIN_ID,
    build,
    decoded,
    extend,
    ledger,
    legacy,
)
from tests.evm.pool_chain import Chain, Register, application, order, placed, pool_on


def paid(max_fee, max_tip, **fields):
    """Sign a transaction of type 2."""
    return sign_dynamic_fee(
        ALICE,
        max_fee=max_fee,
        max_tip=max_tip,
        **{"chain_id": CHAIN_ID, "nonce": 0, "to": BOB.address, "data": b"", "gas": 21_000}
        | fields,
    )


_PLAIN = pyrlp.decode(legacy(ALICE, 0))
ZERO_R = pyrlp.encode([*_PLAIN[:7], b"", _PLAIN[8]])
HIGH_S = pyrlp.encode([*_PLAIN[:8], SECP256K1_N - int.from_bytes(_PLAIN[8])])
_DYNAMIC = pyrlp.decode(paid(0, 0)[1:])
PARITY_2 = b"\x02" + pyrlp.encode([*_DYNAMIC[:9], b"\x02", *_DYNAMIC[10:]])
RICH = {ALICE.address: GenesisAccount(balance=10**18)}


def _pool(book=None, roles=None, **changes):
    return pool_on(book or ledger(RICH, **changes), roles)


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
        (ZERO_R, SignatureError, "invalid sender"),
        (PARITY_2, SignatureError, "invalid sender"),
        (b"\xf8\x00" + legacy(ALICE, 0), TxDecodeError, "does not decode"),
        (legacy(ALICE, 2**64 - 1), NonceError, "nonce has max value"),
        (paid(5, 6), FeeTooLowError, "max priority fee per gas higher"),
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


def test_a_fee_below_the_base_fee_is_underpriced():
    pool = _pool(base_fee=8)
    pool.add(legacy(ALICE, 0, gas_price=7), 0)  # 8 falls to 7 in the next block
    with pytest.raises(UnderpricedError, match="transaction underpriced"):
        pool.add(legacy(ALICE, 1, gas_price=6), 0)


def test_a_contract_cannot_send():
    book = ledger({BOB.address: GenesisAccount(nonce=0, code=b"\x00")})
    with pytest.raises(SenderHasCodeError):
        _pool(book).add(legacy(BOB, 0), 0)


def test_a_transaction_is_taken_once():
    pool = _pool()
    pool.add(legacy(ALICE, 0), 0)
    with pytest.raises(AlreadyKnownError, match="already known"):
        pool.add(legacy(ALICE, 0), 1)


@pytest.mark.parametrize(
    ("head", "error", "says"),
    [
        (1, AlreadyKnownError, "already known"),
        (256, AlreadyKnownError, "already known"),
        (257, NonceError, "nonce too low"),
    ],
)
def test_a_transaction_of_the_last_256_blocks_is_known(head, error, says):
    chain = Chain()
    raw = legacy(ALICE, 0)
    chain.grow(decoded(raw), blocks=head)
    with pytest.raises(error, match=says):
        pool_on(chain).add(raw, 0)


def test_the_gas_target_itself_is_accepted():
    pool = _pool()
    pool.add(legacy(ALICE, 0, gas=15_000_000), 0)
    assert len(pool) == 1


def test_a_transaction_of_the_largest_size_is_judged_by_its_contents():
    raw = legacy(ALICE, 0, gas=15_000_000, data=bytes(TRANSACTION_BYTES_MAX - 105))
    assert len(raw) == TRANSACTION_BYTES_MAX
    assert _pool().add(raw, 0).raw == raw


def test_every_type_of_transaction_is_taken():
    pool = _pool()
    listed = sign_access_list(
        ALICE,
        chain_id=CHAIN_ID,
        nonce=1,
        to=BOB.address,
        data=b"",
        gas=30_000,
        access_list=((BOB.address, (1,)),),
    )
    for raw in (legacy(ALICE, 0), listed, paid(0, 0, nonce=2)):
        pool.add(raw, 0)
    assert order(pool) == placed((ALICE, 0), (ALICE, 1), (ALICE, 2))


# -- roles --


def test_a_sender_without_role_is_refused():
    pool = _pool(roles=Register({ALICE.address: Role.DOCTOR}))
    pool.add(legacy(ALICE, 0), 0)
    with pytest.raises(SenderNotRegisteredError, match="sender not registered"):
        pool.add(legacy(BOB, 0), 0)


def test_who_is_not_registered_may_apply():
    pool = _pool(roles=Register())
    pool.add(application(BOB), 0)
    assert order(pool) == placed((BOB, 0))


def test_who_is_not_registered_applies_once():
    pool = _pool(roles=Register())
    pool.add(application(BOB), 0)
    with pytest.raises(NonceError, match="nonce too high"):
        pool.add(application(BOB, 2), 0)
    with pytest.raises(AccountLimitError):
        pool.add(application(BOB, 1), 0)
    assert len(pool) == 1


def test_an_application_is_replaced_by_an_application_only():
    pool = _pool(roles=Register())
    pool.add(application(BOB), 0)
    with pytest.raises(SenderNotRegisteredError):
        pool.add(legacy(BOB, 0), 0)
    better = pool.add(application(BOB, more=b"again"), 0)
    assert pool.transactions() == (better,)


@pytest.mark.parametrize(
    ("role", "gas"),
    [(Role.PATIENT, 10_000_000), (Role.DEVICE, 5_000_000), (Role.DOCTOR, 15_000_000)],
)
def test_a_transaction_may_use_all_that_its_role_can_save_up(role, gas):
    pool = _pool(roles=Register(others=role))
    pool.add(legacy(ALICE, 0, gas=gas), 0)
    assert order(pool) == placed((ALICE, 0))


@pytest.mark.parametrize(("role", "gas"), [(Role.PATIENT, 10_000_000), (Role.DEVICE, 5_000_000)])
def test_more_gas_than_a_role_can_save_up_is_refused(role, gas):
    with pytest.raises(GasBudgetError, match=f"exceeds gas budget.*at most {gas}"):
        _pool(roles=Register(others=role)).add(legacy(ALICE, 0, gas=gas + 1), 0)


def test_an_application_has_the_gas_of_one_block():
    pool = _pool(roles=Register())
    with pytest.raises(GasBudgetError):
        pool.add(application(ALICE, gas=1_000_001), 0)
    pool.add(application(ALICE, gas=1_000_000), 0)
    assert order(pool) == placed((ALICE, 0))


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
    assert order(pool) == []
    pool.add(legacy(ALICE, 0), 0)
    assert order(pool) == [(ALICE.address, 0), (ALICE.address, 1)]


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
    pool = _pool(roles=Register(others=role))
    for nonce in range(limit):
        pool.add(legacy(ALICE, nonce), 0)
    with pytest.raises(AccountLimitError, match="account limit exceeded"):
        pool.add(legacy(ALICE, limit), 0)
    assert len(pool) == limit


def test_what_a_filled_gap_lets_run_does_not_open_new_places():
    pool = _pool(roles=Register(others=Role.PATIENT))
    for nonce in (*range(15), *range(16, 80)):
        pool.add(legacy(ALICE, nonce), 0)
    pool.add(legacy(ALICE, 15), 0)
    assert len(list(pool.candidates())) == 10  # its gas budget
    assert pool.next_nonce(ALICE.address) == 80
    for nonce in (80, 81):
        with pytest.raises(AccountLimitError):
            pool.add(legacy(ALICE, nonce), 0)
    assert len(pool) == 80


def test_the_nonce_gap_lets_64_transactions_wait():
    pool = _pool(roles=Register(others=Role.PATIENT))
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
    pool.head_changed((), 0)
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
    pool.add(paid(100, 10), 0)
    with pytest.raises(ReplacementUnderpricedError):
        pool.add(paid(200, 10), 0)
    pool.add(paid(200, 11), 0)
    with pytest.raises(ReplacementUnderpricedError):
        pool.add(legacy(ALICE, 0), 0)


def test_a_fee_replaces_a_free_transaction_as_often_as_it_rises():
    pool = _pool()
    for price in (0, 1, 2):
        last = pool.add(legacy(ALICE, 0, gas_price=price), 0)
    assert pool.transactions() == (last,)


def test_each_nonce_has_a_free_replacement_of_its_own():
    pool = _pool()
    for nonce in (0, 1):
        pool.add(legacy(ALICE, nonce), 0)
        pool.add(legacy(ALICE, nonce, data=b"2"), 0)
    assert [each.data for each in pool.candidates()] == [b"2", b"2"]
