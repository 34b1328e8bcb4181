"""The one way to deal and open: names, warnings, and files whose holders lie."""

from dataclasses import replace

import pytest

from node.base.limits_sharing import UNWARNED_SECRET_BYTES_MAX
from node.base.rng import TreeEntropy
from node.sss import errors
from node.sss.bundle import Bundle
from node.sss.derivation import EssentialSecret
from node.sss.drbg import SeedsUsed
from node.sss.schemes import (
    SCHEMES,
    deal_record,
    open_holders,
    scheme_named,
    warnings_of,
)
from node.sss.shares import Scheme, share_digest
from tests.sss.deals import SIMULATION, cases, files_of, make_terms, scheme_deal, unhex

EVERY = tuple(SCHEMES)
RECORD = b"blood group O negative"


@pytest.mark.parametrize("scheme", EVERY)
def test_a_name_leads_to_its_number(scheme):
    assert scheme_named(SCHEMES[scheme].name) is scheme


def test_an_unknown_name_is_told_the_known_ones():
    with pytest.raises(errors.UnknownSchemeError, match="ssms-1tn, xor-1tn, nlss-q, ssms-feldman"):
        scheme_named("shamir")


def test_warnings_name_what_the_plan_and_the_scheme_cost():
    terms = make_terms(t=3, n=5)
    assert warnings_of(Scheme.SSMS, terms, length=2**30) == ()
    assert warnings_of(Scheme.XOR, terms, length=UNWARNED_SECRET_BYTES_MAX) == ()
    assert warnings_of(Scheme.XOR, terms, length=UNWARNED_SECRET_BYTES_MAX + 1) == (
        "shares_as_long_as_the_record",
    )
    assert warnings_of(Scheme.NLSS_Q, make_terms(t=3, n=3), length=1) == (
        "no_loss_tolerance",
        "leaks_below_the_threshold",
    )


@pytest.mark.conformance
def test_the_files_of_the_vectors_open():
    for case in cases("bundle"):
        patient, *custodians = (Bundle.decode(unhex(raw)) for raw in case["files"])
        chosen = custodians[1 : case["t"]]
        opened = open_holders(patient, chosen, profile=SIMULATION)
        assert opened.record == unhex(case["record"])


@pytest.mark.parametrize("scheme", EVERY)
def test_a_deal_goes_through_files_and_opens(scheme):
    files = [Bundle.decode(one.encode()) for one in files_of(scheme_deal(scheme, RECORD))]
    opened = open_holders(files[0], (files[4], files[2]), profile=SIMULATION)
    assert (opened.record, opened.liars) == (RECORD, ())


@pytest.mark.parametrize("scheme", [Scheme.XOR, Scheme.NLSS_Q])
def test_only_schemes_with_a_key_take_their_essential_share_from_a_wallet(scheme):
    with pytest.raises(errors.SharingPlanError, match="only in ssms-1tn and ssms-feldman"):
        deal_record(
            scheme,
            RECORD,
            make_terms(t=3, n=5),
            entropy=TreeEntropy(1),
            seeds=SeedsUsed(),
            profile=SIMULATION,
            derived=EssentialSecret(bytes(32), bytes(32)),
        )


def test_an_essential_share_from_a_wallet_is_the_patients():
    made = deal_record(
        Scheme.SSMS,
        RECORD,
        make_terms(t=3, n=5),
        entropy=TreeEntropy(1),
        seeds=SeedsUsed(),
        profile=SIMULATION,
        derived=EssentialSecret(b"e" * 32, b"s" * 32),
    )
    assert (made.essential.payload, made.essential.salt) == (b"e" * 32, b"s" * 32)


def _altered(file):
    """A custodian's own change: the digest inside is right, the manifest's is another."""
    payload = bytearray(file.share.payload)
    payload[-1] ^= 1
    return replace(file, share=replace(file.share, payload=bytes(payload)))


@pytest.mark.parametrize("scheme", EVERY)
@pytest.mark.parametrize("liar", [1, 2, 3])
def test_a_custodian_with_an_altered_share_is_named_and_the_others_rebuild(scheme, liar):
    files = list(files_of(scheme_deal(scheme, RECORD)))
    files[liar] = _altered(files[liar])
    opened = open_holders(files[0], files[1:4], profile=SIMULATION)
    assert (opened.record, opened.liars) == (RECORD, (liar,))


@pytest.mark.parametrize("scheme", EVERY)
def test_two_altered_shares_are_named_and_the_others_rebuild(scheme):
    files = list(files_of(scheme_deal(scheme, RECORD)))
    for liar in (1, 4):
        files[liar] = _altered(files[liar])
    opened = open_holders(files[0], files[1:], profile=SIMULATION)
    assert (opened.record, opened.liars) == (RECORD, (1, 4))


@pytest.mark.parametrize("scheme", EVERY)
def test_an_altered_share_without_others_to_spare_is_refused_by_name(scheme):
    files = list(files_of(scheme_deal(scheme, RECORD)))
    files[2] = _altered(files[2])
    with pytest.raises(errors.FragmentMismatchError, match="index 2"):
        open_holders(files[0], files[1:3], profile=SIMULATION)


@pytest.mark.parametrize("scheme", EVERY)
@pytest.mark.parametrize("wronged", [1, 3])
def test_a_custodian_whom_the_dealer_cheated_is_named_and_the_others_rebuild(scheme, wronged):
    made = scheme_deal(scheme, RECORD)
    shares = list(made.custodians)
    shares[wronged - 1] = replace(shares[wronged - 1], payload=bytes(len(shares[0].payload)))
    files = files_of(replace(made, custodians=tuple(shares)))
    opened = open_holders(files[0], files[1:4], profile=SIMULATION)
    assert (opened.record, opened.liars) == (RECORD, (wronged,))


def test_a_custodian_with_another_fragment_is_named_and_the_others_rebuild():
    files = list(files_of(scheme_deal(Scheme.SSMS, RECORD)))
    moved = bytearray(files[1].fragment)
    moved[90] ^= 1
    moved[-32:] = share_digest(bytes(moved[:-32]))
    files[1] = replace(files[1], fragment=bytes(moved))
    opened = open_holders(files[0], files[1:4], profile=SIMULATION)
    assert (opened.record, opened.liars) == (RECORD, (1,))
