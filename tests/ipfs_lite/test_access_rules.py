import pytest

from node.ipfs_lite.access_rules import settled
from node.ipfs_lite.blocks import AccessRule
from node.ipfs_lite.cid import make_cid

_ROOT = make_cid(b"root")


def test_rules_come_in_one_order_whatever_order_they_were_given_in():
    rules = [AccessRule(_ROOT, subject, "grant", at) for subject in (b"b", b"a") for at in (2, 1)]
    assert settled(_ROOT, rules) == settled(_ROOT, reversed(rules)) == tuple(sorted(rules))


def test_a_rule_given_twice_is_one():
    rule = AccessRule(_ROOT, b"a", "owner")
    assert settled(_ROOT, (rule, rule)) == (rule,)


def test_a_rule_of_another_root_is_our_mistake():
    with pytest.raises(AssertionError):
        settled(_ROOT, (AccessRule(make_cid(b"other"), b"a", "owner"),))
