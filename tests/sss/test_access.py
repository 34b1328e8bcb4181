"""Who can open a deal: exactly the patient with any t-1 of the n-1 custodians, in every scheme."""

from dataclasses import replace
from itertools import combinations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.sss import errors
from node.sss.bundle import Bundle
from node.sss.quadrics import quadratic_plan_fault
from node.sss.schemes import SCHEMES, open_holders
from node.sss.shares import Scheme
from tests.sss.deals import SIMULATION, files_of, scheme_deal

RECORD = b"blood group O negative"


def _allowed(scheme, t, n):
    return scheme is not Scheme.NLSS_Q or quadratic_plan_fault(needed=t - 1, count=n - 1) is None


PLANS = [
    (scheme, t, n)
    for scheme in SCHEMES
    for n in range(2, 8)
    for t in range(2, n + 1)
    if _allowed(scheme, t, n)
]


def _name(plan):
    return f"{SCHEMES[plan[0]].name}, {errors.holders_text(plan[1], plan[2])}"


@pytest.mark.parametrize("plan", PLANS, ids=_name)
def test_exactly_the_qualified_sets_open(plan):
    scheme, t, n = plan
    patient, *custodians = files_of(scheme_deal(scheme, RECORD, t=t, n=n))
    for count in range(n):
        for chosen in combinations(custodians, count):
            if count >= t - 1:
                opened = open_holders(patient, chosen, profile=SIMULATION)
                assert (opened.record, opened.liars) == (RECORD, ())
                continue
            with pytest.raises(errors.ShareMissingError) as caught:
                open_holders(patient, chosen, profile=SIMULATION)
            assert caught.value.present == tuple(one.share.index for one in chosen)


@pytest.mark.parametrize("plan", PLANS, ids=_name)
def test_no_set_of_custodians_opens_without_the_essential_share(plan):
    scheme, t, n = plan
    _, *custodians = files_of(scheme_deal(scheme, RECORD, t=t, n=n))
    for count in range(1, n):
        for first, *others in combinations(custodians, count):
            with pytest.raises(errors.WrongEssentialShareError):
                open_holders(first, others, profile=SIMULATION)


@st.composite
def _deals(draw):
    """A deal of any scheme: (deal, record, random order)."""
    scheme = draw(st.sampled_from(list(SCHEMES)))
    if scheme is Scheme.NLSS_Q:
        t, n = draw(st.sampled_from([(3, 3), (3, 6), (3, 13), (5, 5), (5, 7), (7, 8)]))
    else:
        t = draw(st.integers(2, 7))
        n = t + draw(st.integers(0, 4))
    random = Random(draw(st.integers(0, 2**32)))
    record = random.randbytes(draw(st.integers(1, 300)))
    return scheme_deal(scheme, record, t=t, n=n, seed=random.getrandbits(32)), record, random


@given(_deals())
@settings(deadline=None)
def test_any_qualified_set_opens_and_one_custodian_fewer_does_not(made):
    deal, record, random = made
    patient, *custodians = files_of(deal)
    needed = deal.header.needed
    chosen = random.sample(custodians, random.randint(needed, len(custodians)))
    assert open_holders(patient, chosen, profile=SIMULATION).record == record
    with pytest.raises(errors.ShareMissingError):
        open_holders(patient, chosen[: needed - 1], profile=SIMULATION)


@given(_deals(), st.data())
@settings(deadline=None)
def test_any_flipped_byte_of_a_container_is_refused(made, data):
    deal, _, random = made
    file = random.choice(files_of(deal))
    share = bytearray(file.share.encode())
    at = data.draw(st.integers(0, len(share) - 1))
    share[at] ^= data.draw(st.integers(1, 255))
    whole = file.encode().replace(file.share.encode(), bytes(share))
    with pytest.raises(errors.ShareFormatError):
        Bundle.decode(whole)


@given(_deals())
@settings(deadline=None)
def test_liars_are_named_and_the_record_is_rebuilt_from_the_others(made):
    deal, record, random = made
    files = list(files_of(deal))
    spare = deal.header.custodians - deal.header.needed
    liars = sorted(random.sample(range(1, len(files)), random.randint(0, spare)))
    for index in liars:
        payload = bytearray(files[index].share.payload)
        payload[random.randrange(len(payload))] ^= random.randrange(1, 256)
        share = replace(files[index].share, payload=bytes(payload))
        files[index] = replace(files[index], share=share)
    opened = open_holders(files[0], files[1:], profile=SIMULATION)
    assert (opened.record, opened.liars) == (record, tuple(liars))


@given(_deals())
@settings(deadline=None)
def test_one_custodian_whom_the_dealer_cheated_is_named_where_one_is_to_spare(made):
    deal, record, random = made
    wronged = random.randrange(deal.header.custodians)
    shares = list(deal.custodians)
    payload = bytearray(shares[wronged].payload)
    # the first 32 bytes are key or message in every scheme: what a set of k cannot do without
    # all of them: in nlss-q one wrong byte of six leaves the secret right once in 256 times, and
    # then a custodian with a right share is named
    for at in range(32):
        payload[at] ^= random.randrange(1, 256)
    shares[wronged] = replace(shares[wronged], payload=bytes(payload))
    patient, *custodians = files_of(replace(deal, custodians=tuple(shares)))
    if deal.header.custodians == deal.header.needed:
        wrong = (errors.WrongKeyError, errors.WrongSecretError, errors.ShareFormatError)
        with pytest.raises(wrong) as caught:
            open_holders(patient, custodians, profile=SIMULATION)
        # public points say more than that the committed key did not come out
        is_verifiable = deal.header.scheme is Scheme.SSMS_FELDMAN
        if isinstance(caught.value, errors.ShareFormatError):
            assert is_verifiable
            assert (caught.value.code, caught.value.index) == ("scalar", wronged + 1)
        else:
            assert caught.value.liars == ((wronged + 1,) if is_verifiable else ())
        return
    opened = open_holders(patient, custodians, profile=SIMULATION)
    assert (opened.record, opened.liars) == (record, (wronged + 1,))
