import pytest

from node.base.rng import TreeEntropy
from node.sss.derivation import EssentialSecret, commitment_of
from node.sss.drbg import SeedsUsed
from node.sss.errors import SharingPlanError, SimulatedSecretError
from node.sss.gf256 import add
from node.sss.keyed_deal import KeyedDeal, draw_deal
from node.sss.shamir import combine
from node.sss.terms import Profile
from tests.sss.deals import SIMULATION, make_deal, make_terms

WHERE = "deal"


def _draw(length: int = 8, *, t: int = 3, n: int = 5, **more: EssentialSecret) -> KeyedDeal:
    return draw_deal(
        length,
        make_terms(t=t, n=n),
        entropy=TreeEntropy(1, WHERE),
        seeds=SeedsUsed(),
        profile=SIMULATION,
        **more,
    )


def test_the_draws_are_those_of_a_deal_in_memory():
    made = make_deal(b"8 bytes.")
    dealt = _draw()
    assert (dealt.header, dealt.essential) == (made.header, made.essential)
    assert dealt.custodians == made.custodians


def test_e_and_two_of_four_custodians_make_the_key():
    dealt = _draw()
    inner = combine({share.index: share.payload for share in dealt.custodians[1:3]})
    assert add(inner, dealt.essential.payload) == dealt.key
    assert commitment_of(dealt.key) == dealt.header.commitment


def test_a_derived_essential_share_is_taken_with_its_salt():
    dealt = _draw(derived=EssentialSecret(b"e" * 32, b"s" * 32))
    assert (dealt.essential.payload, dealt.essential.salt) == (b"e" * 32, b"s" * 32)


def test_a_plan_that_cannot_be_is_refused():
    with pytest.raises(SharingPlanError):
        _draw(t=4, n=3)


def test_entropy_of_a_simulation_makes_no_real_deal():
    with pytest.raises(SimulatedSecretError):
        draw_deal(
            1,
            make_terms(t=2, n=2),
            entropy=TreeEntropy(1, WHERE),
            seeds=SeedsUsed(),
            profile=Profile.PRODUCTION,
        )


def test_the_key_is_not_shown():
    dealt = _draw()
    assert dealt.key.hex() not in repr(dealt)
    assert str(dealt.key) not in repr(dealt)
