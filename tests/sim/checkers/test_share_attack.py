from dataclasses import replace

import pytest

from node.base.rng import TreeEntropy
from node.base.types import Address
from node.sim.checkers.share_attack import break_open, candidate_keys
from node.sss.derivation import commitment_of
from node.sss.drbg import SeedsUsed
from node.sss.gf256 import add
from node.sss.record_key import recover_key
from node.sss.shamir import split
from node.sss.ssms import deal
from node.sss.terms import DealTerms, Profile

RECORD = b"a record of somebody" * 20
TERMS = DealTerms(
    chain_id=85437,
    pmr_id=bytes(32),
    record_version=0,
    generation=0,
    dealer=Address(b"\1" * 20),
    t=3,
    n=5,
)


@pytest.fixture(scope="module")
def dealt():
    return deal(
        RECORD,
        TERMS,
        entropy=TreeEntropy(1, "test"),
        seeds=SeedsUsed(),
        profile=Profile.SIMULATION,
    )


def payloads(dealt, *indices):
    return {index: dealt.custodians[index - 1].payload for index in indices}


def test_all_custodians_without_the_patient_open_nothing(dealt):
    assert break_open(dealt.header, dealt.fragments, payloads(dealt, 1, 2, 3, 4), None) is None


def test_the_patient_and_one_custodian_open_nothing(dealt):
    essential = dealt.essential.payload
    for index in (1, 2, 3, 4):
        assert break_open(dealt.header, dealt.fragments, payloads(dealt, index), essential) is None


def test_the_patient_alone_opens_nothing(dealt):
    assert break_open(dealt.header, dealt.fragments, {}, dealt.essential.payload) is None


def test_the_patient_and_two_custodians_open_the_record(dealt):
    opened = break_open(
        dealt.header, dealt.fragments, payloads(dealt, 2, 4), dealt.essential.payload
    )
    assert opened == RECORD


def test_a_deal_whose_custodians_share_the_key_itself_is_broken_without_the_patient(dealt):
    """The planted fault that a refusal by the scheme's own rules would hide."""
    addresses = [Address(bytes([n]) * 20) for n in range(4)]
    shares = [dealt.essential.encode(), *(one.encode() for one in dealt.custodians)]
    key = recover_key(dealt.manifest(addresses), shares).key
    leaky = dict(enumerate(split(key, [b"\5" * 32], total=4), start=1))
    assert break_open(dealt.header, dealt.fragments, leaky, None) == RECORD


def test_a_key_that_only_the_commitment_betrays_is_found(dealt):
    secret = b"\7" * 32
    header = replace(dealt.header, commitment=commitment_of(secret))
    assert break_open(header, dealt.fragments, {1: secret}, None) == secret


def test_candidates_are_all_sets_with_and_without_the_essential_share():
    keys = list(candidate_keys({1: b"\1" * 32, 2: b"\2" * 32}, b"\4" * 32))
    assert len(keys) == 1 + 2 * 3
    assert add(b"\1" * 32, b"\4" * 32) in keys
