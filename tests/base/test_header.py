"""Headers of three rule sets: their bytes, their hashes and what is refused."""

from dataclasses import replace

import pytest
import rlp as pyrlp
from eth.vm.forks.cancun.headers import CancunBlockHeader
from eth.vm.forks.london.blocks import LondonBlockHeader
from eth.vm.forks.prague.headers import PragueBlockHeader
from hypothesis import given
from hypothesis import strategies as st

from node.base import rlp
from node.base.errors import CodecError
from node.base.header import Header
from node.base.limits import HEADER_BYTES_MAX
from node.base.types import Hash32
from tests.base.headers import frontier_header

FRONTIER = frontier_header()
LONDON = replace(FRONTIER, base_fee=7)
CANCUN = replace(
    LONDON,
    withdrawals_root=Hash32(b"\x08" * 32),
    blob_gas_used=0,
    excess_blob_gas=0,
    parent_beacon_root=Hash32(bytes(32)),
)
SHANGHAI = replace(LONDON, withdrawals_root=Hash32(b"\x08" * 32))
PRAGUE = replace(CANCUN, requests_hash=Hash32(b"\x09" * 32))
# Goerli's genesis, a Clique header (EIP-225): its hash is public knowledge
GOERLI_GENESIS_HASH = "bf7e331f7f7c1dd2e05159666b3bf8bc7a8a3a9eb1d518969eab529dd9b88c1a"


@pytest.mark.parametrize("header", [FRONTIER, LONDON, CANCUN])
def test_header_decodes_to_itself(header: Header) -> None:
    assert Header.decode(header.encode()) == header


@pytest.mark.parametrize(("header", "count"), [(FRONTIER, 15), (LONDON, 16), (CANCUN, 20)])
def test_header_has_the_items_of_its_rules(header: Header, count: int) -> None:
    assert len(header.items()) == count


@pytest.mark.parametrize(
    ("header", "judge"), [(LONDON, LondonBlockHeader), (CANCUN, CancunBlockHeader)]
)
def test_hash_equals_that_of_py_evm(header: Header, judge: type[pyrlp.Serializable]) -> None:
    assert pyrlp.decode(header.encode(), judge).hash == header.hash()


def test_hash_of_goerlis_genesis_is_the_published_one() -> None:
    signer = "e0a2bd4258d2768837baa26a28fe71dc079f84c7"
    header = replace(
        FRONTIER,
        parent_hash=Hash32(bytes(32)),
        coinbase=bytes(20),
        state_root=bytes.fromhex(
            "5d6cded585e73c4e322c30c2f782a336316f17dd85a4863b9d838d2d4b8b3008"
        ),
        logs_bloom=bytes(256),
        difficulty=1,
        number=0,
        gas_limit=0xA00000,
        gas_used=0,
        timestamp=0x5C51A607,
        extra_data=bytes.fromhex(
            "22466c6578692069732061207468696e6722202d204166726900000000000000" + signer
        )
        + bytes(65),
        mix_hash=Hash32(bytes(32)),
        nonce=bytes(8),
    )
    assert header.hash().hex() == GOERLI_GENESIS_HASH


@given(
    st.integers(min_value=0, max_value=2**256 - 1),
    st.integers(min_value=0, max_value=2**64 - 1),
    st.binary(max_size=300),
)
def test_any_numbers_and_extra_data_round_trip(fee: int, time: int, extra: bytes) -> None:
    header = replace(FRONTIER, base_fee=fee, difficulty=fee, timestamp=time, extra_data=extra)
    assert Header.decode(header.encode()) == header


@pytest.mark.parametrize("count", [0, 14, 17, 18, 19, 21])
def test_other_item_counts_are_refused(count: int) -> None:
    items = [*CANCUN.items(), b""][:count]
    with pytest.raises(CodecError, match=f"{count} items, wants 15, 16 or 20"):
        Header.decode(rlp.encode(items))


@pytest.mark.parametrize(("header", "count"), [(SHANGHAI, 17), (PRAGUE, 21)])
def test_forms_that_only_foreign_chains_have_are_read_on_demand(header: Header, count: int) -> None:
    raw = header.encode()
    assert len(header.items()) == count
    assert Header.decode(raw, foreign=True) == header
    with pytest.raises(CodecError, match=f"{count} items, wants 15, 16 or 20"):
        Header.decode(raw)


@pytest.mark.parametrize("header", [FRONTIER, LONDON, CANCUN])
def test_our_own_forms_are_foreign_ones_too(header: Header) -> None:
    assert Header.decode(header.encode(), foreign=True) == header


@pytest.mark.parametrize("count", [14, 18, 19, 22])
def test_other_item_counts_are_no_foreign_header(count: int) -> None:
    items = [*PRAGUE.items(), b""][:count]
    with pytest.raises(CodecError, match=f"{count} items, wants 15, 16, 17, 20 or 21"):
        Header.decode(rlp.encode(items), foreign=True)


def test_requests_hash_has_32_bytes() -> None:
    with pytest.raises(CodecError, match="requestsHash has 31 bytes"):
        Header.decode(rlp.encode([*CANCUN.items(), bytes(31)]), foreign=True)


def test_hash_of_a_prague_header_equals_that_of_py_evm() -> None:
    assert pyrlp.decode(PRAGUE.encode(), PragueBlockHeader).hash == PRAGUE.hash()


def test_bytes_instead_of_a_list_are_refused() -> None:
    with pytest.raises(CodecError, match="no list"):
        Header.decode(b"\x80")


SIZES = {0: 32, 1: 32, 2: 20, 3: 32, 4: 32, 5: 32, 6: 256, 13: 32, 14: 8, 16: 32, 19: 32}


@pytest.mark.parametrize("change", [-1, 1])
@pytest.mark.parametrize("index", SIZES)
def test_fields_of_fixed_size_are_refused_in_another_size(index: int, change: int) -> None:
    items = CANCUN.items()
    items[index] = bytes(SIZES[index] + change)
    with pytest.raises(CodecError, match=f"has {SIZES[index] + change} bytes, wants"):
        Header.decode(rlp.encode(items))


@pytest.mark.parametrize("index", range(20))
def test_a_list_where_a_field_belongs_is_refused(index: int) -> None:
    items: list[rlp.Item] = list(CANCUN.items())
    items[index] = []
    with pytest.raises(CodecError, match="list"):
        Header.decode(rlp.encode(items))


@pytest.mark.parametrize("index", [8, 9, 10, 11, 17, 18])
def test_counters_of_more_than_eight_bytes_are_refused(index: int) -> None:
    items = CANCUN.items()
    items[index] = b"\x01" + bytes(8)
    with pytest.raises(CodecError, match="9 bytes, at most 8"):
        Header.decode(rlp.encode(items))


def test_header_larger_than_the_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(CodecError, match=f"{HEADER_BYTES_MAX + 1} bytes"):
        Header.decode(bytes(HEADER_BYTES_MAX + 1))


HALVES = [
    replace(CANCUN, blob_gas_used=None),
    replace(CANCUN, parent_beacon_root=None),
    replace(CANCUN, withdrawals_root=None),
    replace(SHANGHAI, excess_blob_gas=0),
    replace(SHANGHAI, base_fee=None),
    replace(SHANGHAI, requests_hash=Hash32(bytes(32))),
]


@pytest.mark.parametrize("header", HALVES)
def test_header_with_a_gap_is_an_error_of_ours(header: Header) -> None:
    with pytest.raises(AssertionError):
        header.encode()


def test_only_the_extra_data_stands_outside_the_core() -> None:
    header = frontier_header()
    other = replace(header, extra_data=b"other")
    assert other.core_hash() == header.core_hash()
    assert replace(header, extra_data=b"").hash() == header.core_hash()
    assert replace(header, nonce=b"\xff" * 8).core_hash() != header.core_hash()
