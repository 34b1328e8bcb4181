import pytest

from node.base.types import Cid
from node.sss.deals import header_of
from node.sss.shares import DealHeader, Kind, Scheme
from tests.sss.deals import SIMULATION, custodian_addresses, make_terms, scheme_deal

CID = Cid(b"\x01\x55\x12\x20" + bytes(32))


@pytest.mark.parametrize("scheme", [Scheme.SSMS, Scheme.XOR, Scheme.NLSS_Q])
def test_a_deal_has_one_container_for_each_holder(scheme):
    made = scheme_deal(scheme)
    assert (made.essential.kind, made.essential.index) == (Kind.ESSENTIAL, 0)
    assert [(one.kind, one.index) for one in made.custodians] == [
        (Kind.CUSTODIAN, index) for index in (1, 2, 3, 4)
    ]
    for one in (made.essential, *made.custodians):
        assert len(one.payload) == made.header.payload_length(one.kind)


def test_only_the_default_scheme_has_fragments_that_lie_somewhere():
    for scheme in (Scheme.XOR, Scheme.NLSS_Q):
        with pytest.raises(ValueError, match="custodians"):
            scheme_deal(scheme).manifest(custodian_addresses(4), [CID] * 4)


def test_repr_names_the_scheme_and_no_secret():
    made = scheme_deal(Scheme.XOR)
    assert repr(made).startswith("Deal(XOR, t=3, n=5, ")
    assert made.essential.payload.hex() not in repr(made)


def test_a_header_without_cipher_decodes():
    header = header_of(Scheme.XOR, make_terms(t=3, n=5), SIMULATION, length=9, commitment=bytes(32))
    assert DealHeader.decode(header.encode()) == header
