"""Limits: how they are named, and that they fit into each other."""

import re
from pathlib import Path

from node.base import limits

UNITS = {"BYTES", "COUNT", "SECONDS", "US", "DEPTH", "GAS", "FAULTS", "EVENTS", "BLOCKS"}
NAMES = {name: value for name, value in vars(limits).items() if name.isupper()}


def test_every_limit_is_a_positive_integer() -> None:
    assert [name for name, value in NAMES.items() if type(value) is not int or value < 1] == []


def test_every_name_ends_in_max_or_min_behind_two_words() -> None:
    wrong = [name for name in NAMES if not re.fullmatch(r"[A-Z0-9]+(_[A-Z0-9]+)+_(MAX|MIN)", name)]
    assert wrong == []


def test_no_limit_is_defined_twice() -> None:
    text = Path(str(limits.__file__)).read_text("utf-8")
    defined = re.findall(r"^([A-Z0-9_]+): Final", text, re.MULTILINE)
    assert sorted(defined) == sorted(set(defined)) == sorted(NAMES)


def test_largest_transaction_fits_into_a_frame() -> None:
    assert limits.TRANSACTION_BYTES_MAX < limits.FRAME_BYTES_MAX


def test_largest_store_block_fits_into_a_frame() -> None:
    assert limits.BLOCK_BYTES_MAX < limits.FRAME_BYTES_MAX


def test_longest_extra_data_fits_into_a_header() -> None:
    assert limits.EXTRA_DATA_BYTES_MAX + 600 < limits.HEADER_BYTES_MAX
