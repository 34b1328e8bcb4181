import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.types import Cid, Hash32
from node.contracts.cids import CODECS, DAG_PB, RAW, Content, join_cid, split_cid
from node.contracts.errors import CidFormError

DIGEST = bytes(range(32))
GOOD = Cid(b"\x01\x55\x12\x20" + DIGEST)


def test_cid_splits_into_codec_and_digest() -> None:
    assert split_cid(GOOD) == (RAW, DIGEST)


@settings(deadline=None, max_examples=50)
@given(st.sampled_from(sorted(CODECS)), st.binary(min_size=32, max_size=32))
def test_split_and_join_are_inverse(codec: int, digest: bytes) -> None:
    assert split_cid(join_cid(codec, digest)) == (codec, digest)


@pytest.mark.parametrize(
    ("cid", "why"),
    [
        (b"", "0 bytes"),
        (GOOD[:-1], "35 bytes"),
        (GOOD + b"\0", "37 bytes"),
        (b"\x12\x20" + DIGEST, "34 bytes"),
        (b"\x02" + GOOD[1:], "CIDv1"),
        (b"\x01\x72" + GOOD[2:], "codec 0x72"),
        (b"\x01\x55\x1b\x20" + DIGEST, "sha2-256"),
        (b"\x01\x55\x12\x1f" + DIGEST, "sha2-256"),
    ],
)
def test_other_forms_are_refused_with_the_reason(cid: bytes, why: str) -> None:
    with pytest.raises(CidFormError, match=why):
        split_cid(Cid(cid))


@pytest.mark.parametrize(("codec", "digest"), [(RAW, b""), (RAW, DIGEST + b"\0"), (0, DIGEST)])
def test_parts_that_make_no_cid_are_refused(codec: int, digest: bytes) -> None:
    with pytest.raises(CidFormError):
        join_cid(codec, digest)


def test_content_becomes_the_solidity_struct_and_comes_back() -> None:
    content = Content(Hash32(b"\x07" * 32), join_cid(DAG_PB, DIGEST))
    assert content.as_abi() == (b"\x07" * 32, DAG_PB, DIGEST)
    assert Content.from_abi(*content.as_abi()) == content
