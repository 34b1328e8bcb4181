from dataclasses import replace

import pytest

from node.sss.derivation import (
    EssentialContext,
    EssentialSecret,
    commitment_of,
    essential_of,
    key_of_scalar,
    record_key_of,
    wide_essential,
)
from node.sss.shares import DealHeader, decode_container
from tests.sss.deals import cases, unhex

CONTEXT = EssentialContext(7, b"\x01" * 32, 2, 3, 4)


def _context(case: dict, epoch: int) -> EssentialContext:
    return EssentialContext(
        case["chain_id"],
        unhex(case["pmr_id"]),
        case["record_version"],
        case["generation"],
        epoch,
    )


@pytest.mark.conformance
def test_commitment_and_record_key_equal_the_vectors():
    for case in cases("ssms"):
        key = unhex(case["key"])
        assert commitment_of(key).hex() == case["key_commitment"]
        assert record_key_of(key).hex() == case["record_key"]
        assert DealHeader.decode(unhex(case["deal"])).commitment == commitment_of(key)


@pytest.mark.conformance
def test_the_essential_share_of_a_later_epoch_comes_from_the_master():
    for case in cases("lifecycle"):
        wanted = decode_container(unhex(case["essential_epoch1"]))
        made = essential_of(unhex(case["master"]), _context(case, 1))
        assert (made.share, made.salt) == (wanted.payload, wanted.salt)


def test_a_context_has_52_bytes():
    assert CONTEXT.encode() == bytes(7) + b"\x07" + b"\x01" * 32 + bytes.fromhex(
        "000000020000000300000004"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"chain_id": 8},
        {"pmr_id": bytes(32)},
        {"record_version": 0},
        {"generation": 0},
        {"epoch": 0},
    ],
)
def test_every_part_of_the_context_changes_e_and_its_salt(change):
    first = essential_of(b"m" * 32, CONTEXT)
    second = essential_of(b"m" * 32, replace(CONTEXT, **change))
    assert first.share != second.share
    assert first.salt != second.salt


def test_repr_of_an_essential_secret_shows_nothing():
    assert repr(EssentialSecret(b"s" * 32, b"t" * 32)) == "EssentialSecret(hidden)"


def test_the_labels_of_the_verifiable_scheme_are_kept_apart():
    share = b"e" * 32
    assert len(wide_essential(share)) == 48
    others = {key_of_scalar(share), commitment_of(share), record_key_of(share)}
    assert len({wide_essential(share)[:32], *others}) == 4
