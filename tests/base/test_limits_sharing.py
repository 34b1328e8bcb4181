import re

from node.base import limits, limits_sharing

NAMES = {name: value for name, value in vars(limits_sharing).items() if name.isupper()}


def test_every_limit_is_a_positive_integer_with_a_unit():
    assert all(type(value) is int and value > 0 for value in NAMES.values())
    assert all(re.fullmatch(r"([A-Z]+_)+(BYTES|COUNT)_MAX", name) for name in NAMES)


def test_no_limit_stands_in_both_files():
    assert not NAMES.keys() & vars(limits).keys()


def test_a_record_of_bulk_shares_is_also_a_record():
    assert limits_sharing.XOR_SECRET_BYTES_MAX < limits.RECORD_IN_MEMORY_BYTES_MAX
    assert limits_sharing.NLSS_SECRET_BYTES_MAX < limits.RECORD_IN_MEMORY_BYTES_MAX
