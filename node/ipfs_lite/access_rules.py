"""Who may read what a root claims, in its one form (content-store.md, section 12)."""

from collections.abc import Iterable

from node.base.types import Cid
from node.ipfs_lite.blocks import AccessRule


def settled(root: Cid, rules: Iterable[AccessRule]) -> tuple[AccessRule, ...]:
    """Give the rules of one root in ascending order, each once.

    Of rules that differ in their end only, the latest end counts.
    """
    latest: dict[tuple[object, ...], AccessRule] = {}
    for rule in sorted(rules):
        assert rule.root == root, "a rule of another root"
        latest[rule[:-1]] = rule
    return tuple(latest.values())
