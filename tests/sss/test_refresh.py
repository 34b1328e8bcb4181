from dataclasses import replace
from hashlib import sha256

import pytest

from node.base.types import Cid
from node.sss import errors
from node.sss.commitments import FragmentEntry, Manifest
from node.sss.derivation import EssentialContext, essential_of
from node.sss.drbg import SeedsUsed, Stream
from node.sss.gf256 import add
from node.sss.record_key import find_key, recover_key
from node.sss.refresh import (
    apply_delta,
    delta_shares,
    deposit_root,
    grant_shares,
    released_point,
    renewal_shares,
)
from node.sss.shamir import combine
from node.sss.shares import Container, DealHeader, Kind, decode_container
from tests.sss.deals import cases, custodian_addresses, make_deal, unhex

DEAL = make_deal()
SEED = bytes(48)


def _stream(last: int = 0) -> Stream:
    return Stream(SEED[:-1] + bytes([last]), SeedsUsed())


def _lifecycle():
    (case,) = cases("lifecycle")
    return (
        case,
        DealHeader.decode(unhex(case["deal"])),
        [decode_container(unhex(share)) for share in case["shares"]],
    )


def _manifest(header: DealHeader, epoch: int, every: list[Container]) -> Manifest:
    return Manifest(
        epoch=epoch,
        header=header,
        digests=tuple(share.digest() for share in every),
        custodians=tuple(custodian_addresses(header.custodians)),
        fragments=(FragmentEntry(bytes(32), Cid(bytes(36))),) * header.custodians,
    )


def _hexes(shares) -> list[str]:
    return [share.encode().hex() for share in shares]


@pytest.mark.conformance
def test_grant_shares_equal_the_vectors():
    case, header, shares = _lifecycle()
    stream = Stream(unhex(case["grant_seed"]), SeedsUsed())
    made = grant_shares(header, shares[0].payload, epoch=0, stream=stream)
    assert _hexes(made) == case["grant_shares"]


@pytest.mark.conformance
def test_delta_shares_equal_the_vectors():
    case, header, shares = _lifecycle()
    following = decode_container(unhex(case["essential_epoch1"])).payload
    stream = Stream(unhex(case["refresh_seed"]), SeedsUsed())
    made = delta_shares(header, shares[0].payload, following, epoch=1, stream=stream)
    assert _hexes(made) == case["delta_shares"]


@pytest.mark.conformance
def test_a_step_gives_the_containers_of_the_vectors():
    case, _, shares = _lifecycle()
    deltas = [decode_container(unhex(one)) for one in case["delta_shares"]]
    grants = [decode_container(unhex(one)) for one in case["grant_shares"]]
    stepped = [apply_delta(y, d) for y, d in zip(shares[1:], deltas, strict=True)]
    assert _hexes(stepped) == case["custodians_epoch1"]
    lent = [apply_delta(g, d) for g, d in zip(grants, deltas, strict=True)]
    assert _hexes(lent) == case["grant_shares_epoch1"]


@pytest.mark.conformance
def test_what_is_released_equals_the_vectors_and_makes_the_key_in_both_epochs():
    case, header, _ = _lifecycle()
    for custodians, grants in (
        (case["shares"][1:], case["grant_shares"]),
        (case["custodians_epoch1"], case["grant_shares_epoch1"]),
    ):
        points = [
            released_point(decode_container(unhex(y)), decode_container(unhex(g)))
            for y, g in zip(custodians, grants, strict=True)
        ]
        assert [point.hex() for point in points] == case["released"]
        found = find_key(header, dict(enumerate(points, start=1)))
        assert (found.key.hex(), found.liars) == (case["key"], ())


@pytest.mark.conformance
def test_the_deposit_root_equals_the_vector():
    case, _, _ = _lifecycle()
    pairs = zip(case["grant_shares"], case["delta_shares"], strict=True)
    assert (
        deposit_root(sha256(unhex(grant + delta)).digest() for grant, delta in pairs).hex()
        == case["deposit_root"]
    )


@pytest.mark.conformance
def test_shares_of_the_next_epoch_open_with_the_next_e():
    case, header, _ = _lifecycle()
    every = [decode_container(unhex(case["essential_epoch1"]))] + [
        decode_container(unhex(one)) for one in case["custodians_epoch1"]
    ]
    found = recover_key(_manifest(header, 1, every), [share.encode() for share in every])
    assert found.key.hex() == case["key"]


@pytest.mark.conformance
@pytest.mark.parametrize("old_e", [True, False])
def test_e_and_shares_of_different_epochs_do_not_make_the_key(old_e):
    case, header, shares = _lifecycle()
    new_e = decode_container(unhex(case["essential_epoch1"]))
    new = [decode_container(unhex(one)) for one in case["custodians_epoch1"]]
    e, custodians = (shares[0], new) if old_e else (new_e, shares[1:])
    with pytest.raises(errors.WrongKeyError):
        find_key(header, {one.index: add(one.payload, e.payload) for one in custodians})


@pytest.mark.conformance
def test_an_old_grant_share_and_a_new_custodian_share_do_not_make_the_key():
    case, header, _ = _lifecycle()
    new = [decode_container(unhex(one)) for one in case["custodians_epoch1"]]
    old = [decode_container(unhex(one)) for one in case["grant_shares"]]
    with pytest.raises(errors.WrongKeyError):
        find_key(
            header, {y.index: add(y.payload, g.payload) for y, g in zip(new, old, strict=True)}
        )


def test_grant_shares_combine_to_e():
    made = grant_shares(DEAL.header, DEAL.essential.payload, epoch=0, stream=_stream())
    assert combine({2: made[1].payload, 4: made[3].payload}) == DEAL.essential.payload


def test_a_step_moves_k_prime_by_the_difference_of_the_essential_shares():
    context = EssentialContext(7, b"\x01" * 32, 2, 0, 1)
    following = essential_of(b"m" * 32, context).share
    deltas = delta_shares(DEAL.header, DEAL.essential.payload, following, epoch=1, stream=_stream())
    stepped = [apply_delta(y, d) for y, d in zip(DEAL.custodians, deltas, strict=True)]
    points = {one.index: add(one.payload, following) for one in stepped}
    assert find_key(DEAL.header, points).liars == ()


def _deltas(epoch: int = 1) -> tuple[Container, ...]:
    return delta_shares(DEAL.header, bytes(32), b"\x01" * 32, epoch=epoch, stream=_stream())


@pytest.mark.parametrize("epoch", [0, 2, 5])
def test_only_the_next_step_is_applied(epoch):
    with pytest.raises(errors.StaleEpochError) as caught:
        apply_delta(DEAL.custodians[0], _deltas(epoch)[0])
    assert (caught.value.epoch, caught.value.step) == (0, epoch)


def test_a_step_is_not_applied_twice():
    stepped = apply_delta(DEAL.custodians[0], _deltas()[0])
    with pytest.raises(errors.StaleEpochError):
        apply_delta(stepped, _deltas()[0])


def test_a_step_of_another_index_is_refused():
    with pytest.raises(ValueError, match="index 1 and 2"):
        apply_delta(DEAL.custodians[0], _deltas()[1])


def test_a_step_of_another_deal_is_refused():
    with pytest.raises(errors.MixedRecordsError):
        apply_delta(DEAL.custodians[0], replace(_deltas()[0], deal_id=bytes(32)))


@pytest.mark.parametrize("kind", [Kind.ESSENTIAL, Kind.FRAGMENT, Kind.DELTA])
def test_only_custodian_and_grant_shares_take_steps(kind):
    with pytest.raises(errors.ShareFormatError, match="kind"):
        apply_delta(replace(DEAL.custodians[0], kind=kind), _deltas()[0])


def test_a_share_is_no_step():
    with pytest.raises(errors.ShareFormatError, match="kind"):
        apply_delta(DEAL.custodians[0], DEAL.custodians[0])


def test_nothing_is_released_across_epochs():
    grant = grant_shares(DEAL.header, DEAL.essential.payload, epoch=1, stream=_stream())[0]
    with pytest.raises(errors.MixedEpochsError):
        released_point(DEAL.custodians[0], grant)


def test_only_a_custodian_share_and_a_grant_share_are_released():
    with pytest.raises(errors.ShareFormatError, match="kind"):
        released_point(DEAL.custodians[0], DEAL.custodians[0])


def test_the_deposit_root_depends_on_the_order():
    assert deposit_root([b"a", b"b"]) != deposit_root([b"b", b"a"])


def _essentials(count: int) -> list[bytes]:
    return [bytes([number]) * 32 for number in range(1, count + 1)]


def test_a_renewal_gives_every_custodian_its_steps_in_order():
    made = renewal_shares(DEAL.header, _essentials(4), epoch=5, stream=_stream())
    assert len(made) == DEAL.header.custodians
    for index, steps in enumerate(made, start=1):
        assert [(one.kind, one.index, one.epoch) for one in steps] == [
            (Kind.DELTA, index, epoch) for epoch in (6, 7, 8)
        ]


def test_each_step_of_a_renewal_moves_e_to_that_of_its_epoch():
    essentials = _essentials(3)
    made = renewal_shares(DEAL.header, essentials, epoch=0, stream=_stream())
    for number in range(2):
        delta = combine({x: made[x - 1][number].payload for x in (1, 3)})
        assert delta == add(essentials[number], essentials[number + 1])


@pytest.mark.conformance
def test_a_renewal_of_one_step_equals_the_delta_shares_of_the_vectors():
    case, header, shares = _lifecycle()
    following = decode_container(unhex(case["essential_epoch1"])).payload
    stream = Stream(unhex(case["refresh_seed"]), SeedsUsed())
    made = renewal_shares(header, [shares[0].payload, following], epoch=0, stream=stream)
    assert _hexes(steps[0] for steps in made) == case["delta_shares"]


@pytest.mark.parametrize("count", [0, 1])
def test_a_renewal_without_a_step_is_none(count):
    with pytest.raises(ValueError, match="at least one step"):
        renewal_shares(DEAL.header, _essentials(count), epoch=0, stream=_stream())


def test_two_renewals_of_the_same_essentials_lie_on_different_polynomials():
    first, second = (
        renewal_shares(DEAL.header, _essentials(2), epoch=0, stream=_stream(last))
        for last in (1, 2)
    )
    assert all(one[0].payload != other[0].payload for one, other in zip(first, second, strict=True))
