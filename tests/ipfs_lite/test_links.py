import pytest

from node.base.types import Cid
from node.ipfs_lite import dagcbor, dagpb
from node.ipfs_lite.cid import DAG_CBOR, DAG_PB, RAW, encode_uvarint, make_cid
from node.ipfs_lite.dagcbor import CidLink
from node.ipfs_lite.errors import BadCborError, BadNodeError
from node.ipfs_lite.links import links_of

_A, _B, _C = (make_cid(bytes((n,))) for n in range(3))


def _node(*cids):
    return dagpb.encode(dagpb.Node(tuple(dagpb.Link(cid, "", 1) for cid in cids), None))


def _identity(codec, data):
    return Cid(b"\1" + encode_uvarint(codec) + b"\0" + encode_uvarint(len(data)) + data)


def test_a_raw_block_points_to_nothing():
    data = _node(_A)
    assert links_of(make_cid(data, RAW), data) == ()


def test_a_dag_pb_block_points_to_its_links_in_order():
    data = _node(_B, _A, _B)
    assert links_of(make_cid(data, DAG_PB), data) == (_B, _A, _B)


def test_a_dag_cbor_block_points_to_its_links_in_order():
    data = dagcbor.encode({"z": CidLink(_A), "aa": [CidLink(_B)]})
    assert links_of(make_cid(data, DAG_CBOR), data) == (_A, _B)


def test_an_identity_link_gives_what_it_points_to():
    inner = _identity(DAG_PB, _node(_C))
    outer = _identity(DAG_CBOR, dagcbor.encode([CidLink(_B), CidLink(inner)]))
    text = _identity(RAW, b"text")
    data = _node(_A, outer, text, _A)
    assert links_of(make_cid(data, DAG_PB), data) == (_A, _B, _C, _A)


@pytest.mark.parametrize(("codec", "error"), [(DAG_PB, BadNodeError), (DAG_CBOR, BadCborError)])
def test_bytes_of_another_codec_are_refused(codec, error):
    with pytest.raises(error):
        links_of(make_cid(b"\xff", codec), b"\xff")
