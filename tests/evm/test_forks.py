import pytest

from node.evm.forks import CANCUN, LONDON, PROFILES, Fork, Profile
from tests.evm.chains import ledger


def _foreign(fork):
    return Profile(fork.name.lower(), fork, is_foreign=True)


def test_the_profiles_are_london_and_cancun():
    assert {"london": LONDON, "cancun": CANCUN} == PROFILES


def test_a_london_header_has_16_fields_and_a_cancun_header_20():
    assert len(ledger(profile=LONDON).head.items()) == 16
    assert len(ledger(profile=CANCUN).head.items()) == 20


def test_initcode_is_limited_from_shanghai_on():
    assert (LONDON.initcode_bytes_max, CANCUN.initcode_bytes_max) == (None, 49_152)
    assert [_foreign(fork).initcode_word_gas for fork in (Fork.PARIS, Fork.SHANGHAI)] == [0, 2]


def test_our_chains_have_three_types_of_transactions_under_either_profile():
    assert (LONDON.highest_type, CANCUN.highest_type) == (2, 2)


@pytest.mark.parametrize(
    ("fork", "highest"),
    [
        (Fork.FRONTIER, 0),
        (Fork.ISTANBUL, 0),
        (Fork.BERLIN, 1),
        (Fork.LONDON, 2),
        (Fork.SHANGHAI, 2),
        (Fork.CANCUN, 3),
        (Fork.PRAGUE, 4),
    ],
)
def test_a_foreign_fork_has_the_types_that_it_brought(fork, highest):
    assert _foreign(fork).highest_type == highest


def test_prices_change_with_their_fork():
    prices = [(p.creation_gas, p.data_byte_gas, p.refund_quotient) for p in map(_foreign, Fork)]
    assert (
        prices
        == [(0, 68, 2)] + [(32_000, 68, 2)] * 6 + [(32_000, 16, 2)] * 2 + [(32_000, 16, 5)] * 5
    )


def test_receipts_have_roots_before_byzantium():
    assert [fork for fork in Fork if _foreign(fork).has_receipt_roots] == list(Fork)[:4]
