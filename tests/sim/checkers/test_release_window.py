import pytest

from node.sim.checkers.release_window import RECEIPT_BYTES, read_receipt


def test_a_receipt_has_the_length_of_its_layout():
    assert RECEIPT_BYTES == 232 + 65


def test_the_fields_stand_where_the_layout_puts_them():
    data = bytearray(b"WSC1" + bytes(293))
    data[6] = 4
    data[40:72] = b"\1" * 32
    data[120:152] = b"\2" * 32
    data[152:160] = (1_767_225_600).to_bytes(8)
    read = read_receipt(bytes(data))
    assert (read.status, read.grant_id, read.head_hash) == (4, b"\1" * 32, b"\2" * 32)
    assert read.head_timestamp == 1_767_225_600


@pytest.mark.parametrize("data", [b"", b"WSC1" + bytes(292), b"WSC1" + bytes(294), bytes(297)])
def test_another_length_or_magic_is_no_receipt(data):
    assert read_receipt(data) is None
