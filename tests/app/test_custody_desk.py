"""A node as custodian: shares and deposits come in, shares go out while F says they may."""

import pytest

from node.base.types import Hash32
from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.cid import make_cid
from node.ipfs_lite.events import WantFlag
from node.p2p.wire import decode
from node.privacy.handover import _LABEL, seal_share
from node.privacy.sealing import seal
from node.sss.ssms import deal
from node.sss.terms import DealTerms, Profile
from node.workflows.requests import Drop, HandShare, Put
from tests.app.clinic import opened
from tests.app.ward import CHAIN_ID, HOSPITALS

ONE, TWO = HOSPITALS[:2]
X_WANT = 0x40


class Dealt:
    """A deal made at core 0, of which core 1 is the custodian of index 2."""

    def __init__(self, clinic, pmr_id=9):
        self.clinic, self.net = clinic, clinic.net
        terms = DealTerms(
            chain_id=CHAIN_ID,
            pmr_id=pmr_id.to_bytes(32),
            record_version=99,
            generation=0,
            dealer=ONE.address,
            t=2,
            n=3,
        )
        self.deal = deal(
            b"a record",
            terms,
            entropy=clinic.entropy,
            seeds=clinic.seeds,
            profile=Profile.SIMULATION,
        )
        holders = (ONE.address, TWO.address)
        cids = [
            self.net.answer(self.net.ask(0, Put(fragment, BlockClass.SEALED, (holder,))))
            for fragment, holder in zip(self.deal.fragments, holders, strict=True)
        ]
        self.cids = cids
        self.manifest = self.deal.manifest((ONE.address, TWO.address), cids).encode()
        self.deal_id = Hash32(self.deal.header.deal_id())

    def sealed(self, index=2, *, to=1):
        key = self.clinic.hospitals[to].custody_key
        return seal_share(self.deal.custodians[index - 1], key, self.clinic.entropy)

    def hand(self, *, sealed=None, deal_id=None, manifest=None, to=1):
        """Hand a share from core 0 to a custodian; give the call."""
        request = HandShare(
            HOSPITALS[to].address,
            self.deal_id if deal_id is None else deal_id,
            self.manifest if manifest is None else manifest,
            self.sealed() if sealed is None else sealed,
        )
        call = self.net.ask(0, request)
        self.net.settle()
        return call


@pytest.fixture
def clinic():
    return opened()


@pytest.fixture
def dealt(clinic):
    return Dealt(clinic)


def held(clinic, n, deal_id):
    return clinic.net.cores[n].custody.custodian.store.holding(deal_id)


def why(clinic, n):
    """Give the one refusal that a core has noted."""
    (told,) = clinic.net.noted(n, "custody.message_refused")
    return told["why"]


# -- shares


def test_a_share_that_was_handed_over_is_kept(clinic, dealt):
    dealt.hand()
    assert held(clinic, 1, dealt.deal_id).share == dealt.deal.custodians[1].encode()


def test_a_kept_share_is_acknowledged_with_its_digest(clinic, dealt):
    assert clinic.net.answer(dealt.hand()) == dealt.deal.custodians[1].digest()


def test_the_fragment_and_the_manifest_lie_on_the_custodian_when_it_acknowledges(clinic, dealt):
    clinic.net.answer(dealt.hand())
    store = clinic.net.cores[1].store.store
    assert store.get(dealt.cids[1]) == dealt.deal.fragments[1]
    assert store.get(make_cid(dealt.manifest)) == dealt.manifest


def test_the_fragment_is_asked_of_who_handed_the_share_over(clinic, dealt):
    clinic.net.sent.clear()
    dealt.hand()
    wants = [(peer, decode(p)) for n, peer, p in clinic.net.sent if n == 1 and p[1] == X_WANT]
    (peer, want) = wants[0]
    assert (peer, want.entries[0].cid) == (ONE.address, dealt.cids[1])
    assert not want.entries[0].flags & WantFlag.HAVE  # at once, not after asking who has it


def test_the_fragment_of_another_custodian_is_not_fetched(clinic, dealt):
    dealt.hand()
    assert not clinic.net.cores[1].store.store.has(dealt.cids[0])


def test_a_share_for_the_own_node_needs_no_peer(clinic, dealt):
    before = len(clinic.net.sent)
    clinic.net.answer(dealt.hand(sealed=dealt.sealed(1, to=0), to=0))
    assert held(clinic, 0, dealt.deal_id) is not None
    assert len(clinic.net.sent) == before


def test_a_share_that_is_handed_over_twice_is_acknowledged_twice(clinic, dealt):
    assert clinic.net.answer(dealt.hand()) == clinic.net.answer(dealt.hand())


def test_without_its_fragment_a_share_is_not_acknowledged(clinic, dealt):
    clinic.net.ask(0, Drop(dealt.cids[1]))
    call = dealt.hand()
    clinic.net.sleep(31)
    (told,) = clinic.net.noted(1, "custody.fragment_missing")
    assert told["deal"] == dealt.deal_id
    assert dealt.cids[1].hex() in told["why"]
    assert clinic.net.is_open(call)


def test_a_fragment_that_comes_late_is_still_acknowledged(clinic, dealt):
    clinic.net.ask(0, Drop(dealt.cids[1]))
    call = dealt.hand()
    clinic.net.sleep(5)
    clinic.net.ask(0, Put(dealt.deal.fragments[1], BlockClass.SEALED, (TWO.address,)))
    clinic.net.settle()
    assert clinic.net.answer(call) == dealt.deal.custodians[1].digest()


REFUSED = {
    "for another custodian": (
        lambda dealt: {"sealed": dealt.sealed(1)},
        "CustodyError: not taken into custody (custodian)",
    ),
    "that is sealed to somebody else": (
        lambda dealt: {"sealed": dealt.sealed(to=0)},
        "SealedBoxError",
    ),
    "that was changed on the way": (
        lambda dealt: {"sealed": dealt.sealed()[:-1] + b"\x00"},
        "SealedBoxError",
    ),
    "that is the essential one": (
        lambda dealt: {
            "sealed": seal_share(
                dealt.deal.essential, dealt.clinic.hospitals[1].custody_key, dealt.clinic.entropy
            )
        },
        "CustodyError: not taken into custody (kind)",
    ),
    "with a manifest of another deal": (
        lambda dealt: {"manifest": Dealt(dealt.clinic).manifest},
        "ShareFormatError",
    ),
    "with a manifest that is cut off": (
        lambda dealt: {"manifest": dealt.manifest[:-1]},
        "ShareFormatError",
    ),
    "under the name of another deal": (
        lambda dealt: {"deal_id": Hash32(b"\x01" * 32)},
        "SealedBoxError",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_share_is_refused(clinic, dealt, kind):
    terms, reason = REFUSED[kind]
    call = dealt.hand(**terms(dealt))
    assert reason in why(clinic, 1)
    assert held(clinic, 1, dealt.deal_id) is None
    assert clinic.net.is_open(call)


def claimed(clinic, dealt):
    """Let a dealer hand over its own deal under the name of the record that is in custody."""
    share = dealt.deal.custodians[1]
    key = clinic.hospitals[1].custody_key
    sealed = seal(key, _LABEL + clinic.deal_id, share.encode(), clinic.entropy)
    return dealt.hand(sealed=sealed, deal_id=clinic.deal_id)


def test_a_deal_under_the_name_of_another_is_refused(clinic, dealt):
    call = claimed(clinic, dealt)
    assert "CustodyError: not taken into custody (deal)" in why(clinic, 1)
    assert held(clinic, 1, dealt.deal_id) is None
    assert clinic.net.is_open(call)


def test_a_deal_under_the_name_of_another_does_not_move_that_others_record(clinic, dealt):
    desk = clinic.net.cores[1].custody
    before = desk.view().record(clinic.deal_id)
    claimed(clinic, dealt)
    assert desk.view().record(clinic.deal_id) == before
    assert before.pmr_id == clinic.visit.pmr_id


def test_a_second_share_of_a_deal_is_refused_and_the_first_stays(clinic, dealt):
    dealt.hand()
    first = held(clinic, 1, dealt.deal_id)
    other = dealt.deal.manifest((ONE.address, TWO.address), dealt.cids[::-1]).encode()
    dealt.hand(manifest=other)
    assert "CustodyError: not taken into custody (twice)" in why(clinic, 1)
    assert held(clinic, 1, dealt.deal_id) == first


def test_a_share_whose_fragment_lies_nowhere_is_refused(clinic, dealt):
    manifest = dealt.deal.manifest((ONE.address, TWO.address)).encode()
    call = dealt.hand(manifest=manifest)
    assert "BadCidError" in why(clinic, 1)
    assert held(clinic, 1, dealt.deal_id) is None
    assert clinic.net.is_open(call)
