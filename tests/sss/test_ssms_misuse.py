"""Plans, sizes, seeds and profiles that a deal refuses, and what it never shows."""

from dataclasses import replace

import pytest

from node.base.limits import RECORD_IN_MEMORY_BYTES_MAX
from node.base.rng import SystemEntropy, TreeEntropy
from node.base.types import Address, Cid
from node.sss import errors
from node.sss.drbg import SeedsUsed
from node.sss.record_key import recover_key
from node.sss.shares import DealHeader, Kind, decode_container
from node.sss.ssms import deal, decrypt, open_record
from node.sss.terms import Profile
from tests.sss.deals import (
    SIMULATION,
    custodian_addresses,
    holders,
    make_deal,
    make_terms,
)

RECORD = b"blood group O negative"
DEAL = make_deal(RECORD)
MANIFEST = DEAL.manifest(custodian_addresses(4))


def _open(indices, fragments=(1, 2), made=DEAL, manifest=MANIFEST):
    chosen = [made.fragments[x - 1] for x in fragments]
    return open_record(manifest, holders(made, indices), chosen, profile=SIMULATION)


def _key() -> bytes:
    return recover_key(MANIFEST, holders(DEAL, (0, 1, 2))).key


@pytest.mark.parametrize(("t", "n"), [(1, 3), (0, 0), (-1, 3), (6, 5), (3, 256)])
def test_a_plan_that_cannot_be_is_refused(t, n):
    with pytest.raises(errors.SharingPlanError) as caught:
        make_deal(t=t, n=n)
    assert (caught.value.t, caught.value.n) == (t, n)


def test_an_empty_record_is_refused():
    with pytest.raises(errors.EmptyRecordError):
        make_deal(b"")


def test_a_record_longer_than_one_piece_is_refused():
    with pytest.raises(errors.RecordTooLongError):
        make_deal(bytes(RECORD_IN_MEMORY_BYTES_MAX + 1))  # zero pages: never touched


@pytest.mark.parametrize("record", ["text", [1, 2], None])
def test_a_record_is_bytes_like(record):
    with pytest.raises(TypeError, match="bytes-like"):
        make_deal(record)


def test_a_seed_deals_once():
    seeds = SeedsUsed()
    for allowed in (True, False):
        entropy = TreeEntropy(1, "same")
        if allowed:
            deal(RECORD, make_terms(t=3, n=5), entropy=entropy, seeds=seeds, profile=SIMULATION)
        else:
            with pytest.raises(errors.SeedReuseError):
                deal(RECORD, make_terms(t=3, n=5), entropy=entropy, seeds=seeds, profile=SIMULATION)


def test_two_deals_of_one_record_have_nothing_in_common():
    other = make_deal(RECORD, seed=2)
    assert not {*holders(DEAL, range(5)), *DEAL.fragments} & {
        *holders(other, range(5)),
        *other.fragments,
    }


def test_production_refuses_seeded_entropy():
    with pytest.raises(errors.SimulatedSecretError, match="TreeEntropy"):
        deal(
            RECORD,
            make_terms(t=3, n=5),
            entropy=TreeEntropy(1),
            seeds=SeedsUsed(),
            profile=Profile.PRODUCTION,
        )


def test_a_simulation_refuses_the_systems_entropy():
    with pytest.raises(errors.SimulatedSecretError, match="SystemEntropy"):
        deal(
            RECORD,
            make_terms(t=3, n=5),
            entropy=SystemEntropy(),
            seeds=SeedsUsed(),
            profile=SIMULATION,
        )


def test_a_simulated_deal_stays_closed_in_production():
    with pytest.raises(errors.SimulatedSecretError, match="made by a simulation"):
        open_record(MANIFEST, holders(DEAL, (0, 1, 2)), DEAL.fragments, profile=Profile.PRODUCTION)


def test_a_real_deal_opens_in_production_and_not_in_a_simulation():
    made = deal(
        RECORD,
        make_terms(t=3, n=5),
        entropy=SystemEntropy(),
        seeds=SeedsUsed(),
        profile=Profile.PRODUCTION,
    )
    manifest = made.manifest(custodian_addresses(4))
    shares = holders(made, (0, 1, 2))
    opened = open_record(manifest, shares, made.fragments, profile=Profile.PRODUCTION)
    assert opened.record == RECORD
    with pytest.raises(errors.SimulatedSecretError, match="real network"):
        open_record(manifest, shares, made.fragments, profile=SIMULATION)


@pytest.mark.parametrize(
    ("custodians", "cids"),
    [
        (custodian_addresses(3), None),
        (custodian_addresses(4), [Cid(bytes(36))] * 3),
        (custodian_addresses(4), [Cid(b"\x02" * 36)] * 4),
        ([*custodian_addresses(3), Address(b"short")], None),
    ],
)
def test_a_manifest_needs_one_custodian_and_one_cid_for_each_index(custodians, cids):
    with pytest.raises(ValueError, match="custodian"):
        DEAL.manifest(custodians, cids)


def test_nothing_that_is_dealt_shows_secrets_in_repr():
    opened = _open((0, 1, 2))
    found = recover_key(MANIFEST, holders(DEAL, (0, 1, 2)))
    shown = repr(DEAL) + repr(opened) + repr(found)
    for secret in (DEAL.essential.payload, found.key, RECORD):
        assert secret.hex() not in shown
        assert repr(secret) not in shown


def test_fragments_are_containers_of_their_kind_and_index():
    for index, raw in enumerate(DEAL.fragments, start=1):
        fragment = decode_container(raw, DEAL.header)
        assert (fragment.kind, fragment.index, fragment.epoch) == (Kind.FRAGMENT, index, 0)


def test_the_header_is_what_the_cipher_authenticates():
    # the same key, nonce and ciphertext under another version of the record do not open
    header = replace(DEAL.header, record_version=9)
    fragments = []
    for raw in DEAL.fragments:
        moved = replace(decode_container(raw), deal_id=header.deal_id())
        fragments.append(moved.encode())
    manifest = replace(DEAL, header=header, fragments=tuple(fragments)).manifest(
        custodian_addresses(4)
    )
    with pytest.raises(errors.TamperedRecordError):
        decrypt(manifest, _key(), fragments)
    assert isinstance(header, DealHeader)
