"""The consent filter: a naive model, its clock, and what a refusal may show."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.types import Address
from node.ipfs_lite.access import (
    HEAD_AGE_US_MAX,
    AccessRecord,
    ConsentFilter,
    Decision,
    FinalHead,
    Reason,
    judge,
)
from node.ipfs_lite.blocks import AccessRule, BlockClass
from node.ipfs_lite.cid import make_cid, multihash_of
from node.ipfs_lite.errors import NotFoundError
from node.ipfs_lite.tombstones import double_hash

PEER, OTHER = Address(b"p" * 20), Address(b"o" * 20)
ROOT = make_cid(b"root")
BLOCK = multihash_of(make_cid(b"block"))
NOW = 1_000_000_000


def _head(timestamp_s=100, seen_us=NOW):
    return FinalHead(7, b"h" * 32, timestamp_s, seen_us)


def _judge(*rules, head=None, is_public=False, now=NOW):
    return judge(tuple(rules), head or _head(), is_public=is_public, now=now)


class Index:
    """Claims and rules in plain dicts, and a count of questions."""

    def __init__(self):
        self.claims = {}
        self.rules = {}
        self.classes = {}
        self.questions = 0

    def rules_for(self, multihash, subject):
        self.questions += 1
        roots = sorted(self.claims.get(multihash, ()))
        rules = (rule for root in roots for rule in self.rules.get(root, ()))
        return tuple(rule for rule in rules if rule.subject == subject)

    def class_of(self, cid):
        self.questions += 1
        if multihash_of(cid) not in self.classes:
            raise NotFoundError("absent")
        return self.classes[multihash_of(cid)]


def test_without_a_rule_the_answer_is_no():
    assert _judge() == Decision(is_allowed=False, reason=Reason.NO_RULE)


def test_a_public_block_is_open_to_all():
    assert _judge(is_public=True) == Decision(is_allowed=True, reason=Reason.PUBLIC)


@pytest.mark.parametrize("source", ["replica", "owner", "grant"])
def test_a_rule_opens_a_block(source):
    found = _judge(AccessRule(ROOT, PEER, source))
    assert found == Decision(is_allowed=True, reason=Reason(source))


def test_a_rule_of_a_source_that_nobody_knows_opens_nothing():
    assert not _judge(AccessRule(ROOT, PEER, "rumour")).is_allowed


@pytest.mark.parametrize(
    ("at_s", "reason"),
    [(49, Reason.NOT_YET), (50, Reason.GRANT), (99, Reason.GRANT), (100, Reason.ENDED)],
)
def test_a_grant_counts_from_its_begin_to_before_its_end(at_s, reason):
    rule = AccessRule(ROOT, PEER, "grant", 50, 100)
    found = _judge(rule, head=_head(at_s))
    assert found == Decision(is_allowed=reason is Reason.GRANT, reason=reason)


def test_the_clock_of_a_grant_is_the_head_and_never_the_own_one():
    rule = AccessRule(ROOT, PEER, "grant", 50, 100)
    assert _judge(rule, head=_head(99, seen_us=10**15), now=10**15).is_allowed


@pytest.mark.parametrize(
    ("age_us", "may"),
    [(HEAD_AGE_US_MAX, True), (HEAD_AGE_US_MAX + 1, False), (-HEAD_AGE_US_MAX - 1, False)],
)
def test_an_old_head_ends_grants(age_us, may):
    found = _judge(AccessRule(ROOT, PEER, "grant"), now=NOW + age_us)
    assert found == Decision(is_allowed=may, reason=Reason.GRANT if may else Reason.OLD_HEAD)


@pytest.mark.parametrize(("age_us", "may"), [(900 * 10**6, True), (900 * 10**6 + 1, False)])
def test_a_head_of_a_slow_chain_lets_grants_count_longer(age_us, may):
    rule = AccessRule(ROOT, PEER, "grant")
    head = replace(_head(), age_us_max=900 * 10**6)
    assert _judge(rule, head=head, now=NOW + age_us).is_allowed is may


@pytest.mark.parametrize("source", ["replica", "owner"])
def test_an_old_head_leaves_copies_and_owners(source):
    assert _judge(AccessRule(ROOT, PEER, source), now=NOW + 10**12).is_allowed


def test_one_active_rule_among_others_is_enough():
    ended = AccessRule(ROOT, PEER, "grant", 0, 10)
    assert _judge(ended, AccessRule(make_cid(b"other"), PEER, "grant", 50, 150)).is_allowed


def test_a_judgement_is_logged_under_the_double_hash():
    index, log = Index(), []
    filter_ = ConsentFilter(index, log.append)
    decision = filter_.allowed(PEER, BLOCK, _head(), NOW)
    assert log == [AccessRecord(PEER, double_hash(BLOCK), decision, _head(), NOW)]


def test_a_manifest_that_links_to_a_block_does_not_claim_it():
    """Whoever knows a CID registers a root above it and grants himself access: nothing opens."""
    index = Index()
    victim = make_cid(b"record of a patient")
    index.claims[BLOCK] = {victim}
    index.classes[BLOCK] = BlockClass.SEALED
    evil = make_cid(b"manifest with a link to the block")
    index.rules[evil] = (AccessRule(evil, OTHER, "owner"), AccessRule(evil, OTHER, "grant"))
    assert not ConsentFilter(index).allowed(OTHER, BLOCK, _head(), NOW).is_allowed


def test_every_outcome_costs_the_same_number_of_questions():
    index = Index()
    public, mine, ended = (multihash_of(make_cid(bytes((n,)))) for n in range(3))
    index.classes = {public: BlockClass.PUBLIC, mine: BlockClass.SEALED, ended: BlockClass.SEALED}
    index.claims = {mine: {ROOT}, ended: {make_cid(b"ended")}}
    index.rules = {
        ROOT: (AccessRule(ROOT, PEER, "owner"),),
        make_cid(b"ended"): (AccessRule(make_cid(b"ended"), PEER, "grant", 0, 1),),
    }
    costs = set()
    for multihash in (public, mine, ended, BLOCK):
        before = index.questions
        ConsentFilter(index).allowed(PEER, multihash, _head(), NOW)
        costs.add(index.questions - before)
    assert costs == {2}


_BLOCKS = [multihash_of(make_cid(b"block %d" % n)) for n in range(3)]
_ROOTS = [make_cid(b"root %d" % n) for n in range(3)]
_rules = st.builds(
    AccessRule,
    root=st.sampled_from(_ROOTS),
    subject=st.sampled_from([PEER, OTHER]),
    source=st.sampled_from(["replica", "owner", "grant"]),
    not_before_s=st.integers(0, 10),
    not_after_s=st.integers(0, 10),
)


@settings(deadline=None)
@given(
    st.lists(_rules, max_size=8),
    st.lists(st.tuples(st.sampled_from(_BLOCKS), st.sampled_from(_ROOTS)), max_size=6),
    st.sets(st.sampled_from(_BLOCKS)),
    st.integers(0, 10),
    st.booleans(),
)
def test_random_grants_and_heads_agree_with_a_naive_model(rules, claims, public, at_s, is_old):
    index = Index()
    index.classes = dict.fromkeys(_BLOCKS, BlockClass.SEALED)
    index.classes |= dict.fromkeys(public, BlockClass.PUBLIC)
    for block, root in claims:
        index.claims.setdefault(block, set()).add(root)
    for root in _ROOTS:
        index.rules[root] = tuple(rule for rule in rules if rule.root == root)
    now = NOW + HEAD_AGE_US_MAX + is_old
    for block in _BLOCKS:
        for peer in (PEER, OTHER):
            expected = block in public or any(
                (block, rule.root) in claims
                and rule.subject == peer
                and rule.not_before_s <= at_s < rule.not_after_s
                and not (rule.source == "grant" and is_old)
                for rule in rules
            )
            found = ConsentFilter(index).allowed(peer, block, _head(at_s), now)
            assert found.is_allowed == expected
