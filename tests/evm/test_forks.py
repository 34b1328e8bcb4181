from node.evm.forks import CANCUN, LONDON, PROFILES
from tests.evm.chains import ledger


def test_the_profiles_are_london_and_cancun():
    assert {"london": LONDON, "cancun": CANCUN} == PROFILES


def test_a_london_header_has_16_fields_and_a_cancun_header_20():
    assert len(ledger(profile=LONDON).head.items()) == 16
    assert len(ledger(profile=CANCUN).head.items()) == 20


def test_initcode_is_limited_from_shanghai_on():
    assert (LONDON.initcode_bytes_max, CANCUN.initcode_bytes_max) == (None, 49_152)
