import pytest

from node.base.types import Address
from node.consensus_poa.extra_data import (
    EMPTY_SEAL,
    checkpoint_signers,
    clique_extra,
    signer_bytes,
)

A, B = Address(b"\xaa" * 20), Address(b"\xbb" * 20)
VANITY = b"v" * 32


def test_the_layout_is_vanity_signers_seal() -> None:
    assert clique_extra(VANITY, [A, B], b"s" * 65) == VANITY + A + B + b"s" * 65
    assert clique_extra(VANITY) == VANITY + EMPTY_SEAL


@pytest.mark.parametrize("signers", [(), (A,), (A, B)])
def test_the_listed_signers_come_back(signers: tuple[Address, ...]) -> None:
    extra = clique_extra(VANITY, signers)
    assert checkpoint_signers(extra) == signers
    assert signer_bytes(extra) == b"".join(signers)


@pytest.mark.parametrize("size", [0, 96, 98, 116, 118])
def test_a_length_that_holds_no_whole_signers_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"has {size} bytes"):
        checkpoint_signers(bytes(size))
