import pytest

from node.base.types import Cid
from node.ipfs_lite import dagcbor, dagpb
from node.ipfs_lite.cid import DAG_CBOR, DAG_PB, RAW, make_cid, make_cid_v0
from node.ipfs_lite.graph import codec_of, is_linking, links_in

_A, _B = make_cid(b"a"), make_cid_v0(b"b")


def _node(*cids):
    return dagpb.encode(dagpb.Node(tuple(dagpb.Link(cid, "", 1) for cid in cids), None))


def test_the_links_come_once_and_in_their_order():
    assert links_in(_node(_B, _A, _B)) == (_B, _A)


def test_the_links_of_a_dag_cbor_node_are_found():
    data = dagcbor.encode({"a": [dagcbor.CidLink(_B)], "b": dagcbor.CidLink(_A)})
    assert links_in(data) == (_B, _A)


def test_an_identity_link_is_no_block():
    assert links_in(_node(Cid(b"\x01\x55\x00\x01B"), _A)) == (_A,)


@pytest.mark.parametrize("data", [b"", b"\x12", b"\x12\x05hello", b"\x0a\x02hi", _node(_A) + b"\0"])
def test_what_is_no_node_has_no_links(data):
    assert links_in(data) == ()


@pytest.mark.parametrize(
    ("cid", "wanted"),
    [
        (make_cid(b"", RAW), False),
        (make_cid(b"", DAG_PB), True),
        (make_cid(b"", DAG_CBOR), True),
        (make_cid_v0(b""), True),
        (make_cid(b"", 0x0202), False),
    ],
)
def test_a_codec_says_whether_what_is_below_belongs_to_a_name(cid, wanted):
    assert is_linking(cid) is wanted


def test_the_codec_of_a_bare_multihash_is_dag_pb():
    assert codec_of(make_cid_v0(b"")) == DAG_PB
