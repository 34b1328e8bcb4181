import json

import pytest

from node.base.errors import UsageError
from node.base.keys import PrivateKey
from node.ipfs_lite.cid import make_cid, to_text
from node.ipfs_lite.erase_order import read_order, write_order

_KEY = PrivateKey.from_bytes(b"\x01" * 32)
_ROOT = make_cid(b"x")


def test_an_order_names_its_signer_and_has_one_id():
    text = write_order(_ROOT, 1_800_000_000, _KEY)
    order = read_order(text)
    assert (order.root, order.issued_at_s, order.owner) == (_ROOT, 1_800_000_000, _KEY.address)
    assert order == read_order(text)
    assert order.order_id != read_order(write_order(_ROOT, 1_800_000_001, _KEY)).order_id


def test_a_changed_order_is_somebody_elses():
    order = json.loads(write_order(_ROOT, 7, _KEY))
    order["root"] = to_text(make_cid(b"y"))
    assert read_order(json.dumps(order)).owner != _KEY.address


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("root", "bafy", "root of the order"),
        ("root", 7, "root of the order"),
        ("issued_at_s", -1, "whole seconds"),
        ("issued_at_s", True, "whole seconds"),
        ("issued_at_s", "now", "whole seconds"),
        ("signature", "0x00", "65 bytes"),
        ("signature", "zz", "65 bytes"),
        ("signature", "0x" + "ff" * 65, "malformed"),
        ("more", 1, "exactly the fields"),
    ],
)
def test_a_wrong_field_is_named(field, value, says):
    order = json.loads(write_order(_ROOT, 7, _KEY)) | {field: value}
    with pytest.raises(UsageError, match=says):
        read_order(json.dumps(order))


@pytest.mark.parametrize("text", ["", "[]", "7", "{", "[" * 100_000])
def test_what_is_no_order_is_refused(text):
    with pytest.raises(UsageError, match="the order"):
        read_order(text)
