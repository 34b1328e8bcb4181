"""Who gets which block of a real node: owner, chosen keepers, and those whom the ledger grants."""

import pytest

from node.app.final_view import FinalView
from node.base.limits import STALL_PERIODS_COUNT_MAX
from node.ipfs_lite.access import HEAD_AGE_US_MAX, ingest_root
from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.cid import make_cid, multihash_of
from node.ipfs_lite.errors import ReadOnlyError
from node.p2p.messages import XGive, XWant, XWantEntry
from node.p2p.wire import decode
from node.workflows.emergency import emergency_access, review_emergency
from node.workflows.lending import leave_for_emergencies
from node.workflows.requests import Drop, Fetch, Put
from node.workflows.ward import Regulator
from tests.app.clinic import GRANT_SECONDS, opened
from tests.app.ward import HOSPITALS, MEMBERS, Ward, founded, lone

ONE, TWO, THREE = HOSPITALS[:3]
KEEPER = 1
"""The core whose store is asked: a custodian that did not deal."""


@pytest.fixture
def clinic(monkeypatch):
    """Give a clinic whose patient was registered elsewhere: the doctor's hospital owes nothing."""
    monkeypatch.setattr(FinalView, "home_of", lambda self, patient: None)
    return anew()


def anew():
    """Give a clinic whose nodes have just written all rules: others have shared it before."""
    clinic = opened()
    for n in range(len(clinic.net.cores)):
        desk(clinic, n)._due = None
    clinic.net.grow(1)
    return clinic


def fragment(clinic):
    """Give the fragment that core 1 keeps."""
    return clinic.manifest.fragments[clinic.second - 1].cid


def sources(clinic, peer, n=KEEPER):
    """Give where a peer's rules for that fragment come from."""
    store = clinic.net.cores[n].store.store
    rules = store.rules_for(multihash_of(fragment(clinic)), peer.address)
    return sorted(rule.source for rule in rules)


def asked(net, n, peer, *cids, flags=4):
    """Let a peer ask a core for blocks; give the data that it gets and what it is told it lacks."""
    before = len(net.sent)
    net.say(peer, n, XWant(full=False, entries=tuple(XWantEntry(one, 1, flags) for one in cids)))
    return told(net, before, peer)


def told(net, before, peer):
    gives = [decode(raw) for _, to, raw in net.sent[before:] if to == peer.address]
    gives = [one for one in gives if isinstance(one, XGive)]
    return (
        [block.data for one in gives for block in one.blocks],
        [cid for one in gives for cid in one.dont],
    )


# -- what stands for good


def test_the_dealer_may_have_a_fragment_back(clinic):
    assert sources(clinic, ONE) == ["owner"]
    assert asked(clinic.net, KEEPER, ONE, fragment(clinic))[1] == []


def test_a_validator_without_a_rule_gets_no_fragment(clinic):
    clinic.net.introduce(THREE)
    cid = fragment(clinic)
    assert asked(clinic.net, KEEPER, THREE, cid) == ([], [cid])


def test_a_manifest_is_open_to_every_validator(clinic):
    clinic.net.introduce(THREE)
    manifest = clinic.manifest.encode()
    assert asked(clinic.net, KEEPER, THREE, make_cid(manifest)) == ([manifest], [])


def test_a_refused_fragment_looks_like_one_that_was_never_there(clinic):
    clinic.net.introduce(THREE)
    cids = (fragment(clinic), make_cid(b"nowhere"))
    answers = []
    for cid in cids:
        before = len(clinic.net.sent)
        asked(clinic.net, KEEPER, THREE, cid)
        answers.append([raw.replace(cid, b"") for _, to, raw in clinic.net.sent[before:]])
    assert answers[0] == answers[1]
    assert len(answers[0]) == 1
    for cid in cids:
        assert asked(clinic.net, KEEPER, THREE, cid, flags=0) == ([], [])


def test_who_was_chosen_to_keep_a_file_may_have_it_and_nobody_else():
    net = lone(validators=3)
    net.introduce(TWO, THREE)
    cid = net.answer(net.ask(0, Put(b"sealed", BlockClass.SEALED, (TWO.address,))))
    assert asked(net, 0, TWO, cid) == ([b"sealed"], [])
    assert asked(net, 0, THREE, cid) == ([], [cid])


def test_a_dropped_file_leaves_no_rule():
    net = lone(validators=3)
    cid = net.answer(net.ask(0, Put(b"sealed", BlockClass.SEALED, (TWO.address,))))
    net.ask(0, Drop(cid))
    assert net.cores[0].store.store.rules_for(multihash_of(cid), TWO.address) == ()
    net.answer(net.ask(0, Put(b"sealed", BlockClass.SEALED)))
    assert asked(net, 0, TWO, cid) == ([], [cid])


# -- grants of the ledger


def test_a_final_grant_opens_the_fragment_to_the_doctors_hospital(clinic):
    clinic.grant()
    assert sources(clinic, ONE) == ["grant", "owner"]
    assert sources(clinic, THREE) == []


def test_a_grant_ends_with_its_time(clinic):
    signed = clinic.grant()
    rules = clinic.net.cores[KEEPER].store.store.rules_for(
        multihash_of(fragment(clinic)), ONE.address
    )
    (grant,) = [rule for rule in rules if rule.source == "grant"]
    consent = signed.consent
    assert (grant.not_before_s, grant.not_after_s) == (consent.valid_from_s, consent.valid_until_s)


def test_a_revoked_grant_leaves_no_rule(clinic):
    signed = clinic.grant(seconds=10 * GRANT_SECONDS)
    clinic.revoke(signed)
    clinic.net.grow(4)
    assert sources(clinic, ONE) == ["owner"]


def test_an_emergency_opens_the_fragment_until_its_review_finds_none(clinic):
    clinic.patient.leaves_for_emergencies = True
    left = leave_for_emergencies(
        clinic.parties, clinic.patient, clinic.net.cores[0].ledger.head.timestamp, clinic.entropy
    )
    clinic.net.run(left)
    broken = emergency_access(
        clinic.parties, clinic.doctor, clinic.patient, reason="coma", seconds=86_400
    )
    made = clinic.net.run(broken)
    clinic.net.grow(4)
    assert sources(clinic, ONE) == ["grant", "owner"]
    member = Regulator("member", MEMBERS[0], clinic.patient.node)
    review = review_emergency(
        clinic.parties, member, made.emergency_id, outcome="curious", is_justified=False
    )
    until_s = clinic.net.run(review).until_s
    clinic.net.grow(4)
    store = clinic.net.cores[KEEPER].store.store
    rules = store.rules_for(multihash_of(fragment(clinic)), ONE.address)
    assert [one.not_after_s for one in rules if one.source == "grant"] in ([], [until_s])


def test_a_restarted_node_writes_the_same_grants_again(clinic):
    clinic.grant(seconds=10 * GRANT_SECONDS)
    store = clinic.net.cores[KEEPER].store.store
    store.set_rules(make_cid(clinic.manifest.encode()), ())
    assert sources(clinic, ONE) == ["owner"]
    access = clinic.net.cores[KEEPER].store._server._allowed.__self__
    access._rules, access._due = {}, None
    clinic.net.grow(1)
    assert sources(clinic, ONE) == ["grant", "owner"]


def test_a_head_that_rests_ends_grants_and_leaves_owners(clinic):
    clinic.grant(seconds=100 * GRANT_SECONDS)
    core = clinic.net.cores[KEEPER]
    access = core.store._server._allowed.__self__
    multihash = multihash_of(fragment(clinic))
    manifest = make_cid(clinic.manifest.encode())
    core.store.store.set_rules(ingest_root(fragment(clinic), ONE.address), ())
    now = clinic.net.now
    assert access.allowed(ONE.address, multihash, now)
    assert not access.allowed(ONE.address, multihash, now + 2 * HEAD_AGE_US_MAX)
    core.store.store.set_rules(manifest, ())
    assert not access.allowed(ONE.address, multihash, now)


def test_a_want_that_waits_is_answered_when_the_grant_becomes_final(clinic):
    """The doctor's hospital has lost its right as owner; its want waits for the consent."""
    core, cid = clinic.net.cores[KEEPER], fragment(clinic)
    core.store.store.set_rules(ingest_root(cid, ONE.address), ())
    assert asked(clinic.net, KEEPER, ONE, cid) == ([], [cid])
    before = len(clinic.net.sent)
    clinic.grant()
    blocks, dont = told(clinic.net, before, ONE)
    assert [make_cid(block) for block in blocks] == [cid]
    assert dont == []


def test_the_hospital_that_registered_a_patient_may_have_the_fragments_of_the_records():
    clinic = anew()
    core, cid = clinic.net.cores[KEEPER], fragment(clinic)
    core.store.store.set_rules(ingest_root(cid, ONE.address), ())
    assert sources(clinic, ONE) == ["grant"]
    assert asked(clinic.net, KEEPER, ONE, cid)[1] == []


# -- what is kept


def test_what_is_in_custody_survives_the_garbage_collector(clinic):
    for core in clinic.net.cores:
        assert list(core.store.store.collect(now_s=10**10)) == []
    assert clinic.net.cores[KEEPER].store.store.has(fragment(clinic))


def test_what_was_fetched_to_be_read_is_garbage_once_it_was_read():
    ward = Ward(founded(2), 2)
    ward.pause()
    cid = ward.answer(ward.ask(1, Put(b"public", BlockClass.PUBLIC)))
    ward.ask(0, Fetch((cid,), ()))
    ward.settle()
    assert [
        store.why_live(cid, now_s=0) for store in (core.store.store for core in ward.cores)
    ] == [
        None,
        "pinned recursively",
    ]


def test_a_dropped_file_is_pinned_no_more(clinic):
    net = clinic.net
    cid = net.answer(net.ask(0, Put(b"sealed", BlockClass.SEALED)))
    net.ask(0, Drop(cid))
    assert net.cores[0].store.store.pin_of(cid) is None


# -- what cannot be read


class Failing:
    """Stands for the store of an access desk: it fails to write so often, then works."""

    def __init__(self, store, failures):
        self._store, self.failures = store, failures

    def set_rules(self, root, rules):
        self.failures -= 1
        if self.failures >= 0:
            raise ReadOnlyError("the disk failed")
        self._store.set_rules(root, rules)


def desk(clinic, n=KEEPER):
    return clinic.net.cores[n].store._server._allowed.__self__


def test_a_revocation_that_could_not_be_written_ends_grants_with_the_old_head(clinic):
    signed = clinic.grant(seconds=100 * GRANT_SECONDS)
    access = desk(clinic)
    clinic.net.cores[KEEPER].store.store.set_rules(ingest_root(fragment(clinic), ONE.address), ())
    access._store = Failing(access._store, 10**9)
    clinic.revoke(signed)
    clinic.net.grow(4)
    assert clinic.net.noted(KEEPER, "store.access_unknown")
    late = access._head.seen_us + HEAD_AGE_US_MAX + 1
    assert clinic.net.now < late
    assert not access.allowed(ONE.address, multihash_of(fragment(clinic)), late)


def test_a_revocation_that_could_not_be_written_is_written_with_the_next_block(clinic):
    signed = clinic.grant(seconds=100 * GRANT_SECONDS)
    access = desk(clinic)
    access._store = Failing(access._store, 2)
    clinic.revoke(signed)
    clinic.net.grow(6)
    assert len(clinic.net.noted(KEEPER, "store.access_unknown")) == 2
    assert sources(clinic, ONE) == ["owner"]


def test_who_gets_shares_on_a_slow_chain_gets_fragments(clinic):
    access = desk(clinic)
    period_us = access._chain.plan.period_s * 1_000_000
    assert access._head.age_us_max == max(HEAD_AGE_US_MAX, STALL_PERIODS_COUNT_MAX * period_us)


def test_only_the_deals_of_changed_records_are_written_again(clinic, monkeypatch):
    access = desk(clinic)
    written = []
    monkeypatch.setattr(access, "_write", lambda due, _view: written.append(tuple(due)) or False)
    clinic.net.grow(2)
    assert written == []
    signed = clinic.grant(seconds=100 * GRANT_SECONDS)
    clinic.net.grow(1)
    assert written
    assert set(written[-1]) <= set(access._deals)
    before = len(written)
    clinic.revoke(signed)
    clinic.net.grow(2)
    assert len(written) > before
