"""shamir-secret-sharing, a JavaScript package, rebuilds from our shares, and ours from its."""

import json
from itertools import combinations
from typing import Any

import pytest

from node.sss.shamir import combine
from tests.clients.node_packages import run_client
from tests.sss.deals import make_deal

pytestmark = [pytest.mark.clients]

PLANS = [(3, 5), (4, 5), (5, 9)]
SECRET = bytes(range(32))


def _all_sets() -> list[tuple[str, list[str]]]:
    """Give (k', shares as y || x) of every sufficient set of custodians of some deals."""
    every = []
    for t, n in PLANS:
        made = make_deal(t=t, n=n, seed=n)
        points = {share.index: share.payload for share in made.custodians}
        shared = combine({x: points[x] for x in range(1, t)})
        every += [
            (shared.hex(), [(points[x] + bytes([x])).hex() for x in chosen])
            for chosen in combinations(points, t - 1)
        ]
    return every


@pytest.fixture(scope="module")
def got() -> dict[str, Any]:
    ask = {
        "secret": SECRET.hex(),
        "needed": 3,
        "total": 6,
        "shares": [shares for _, shares in _all_sets()],
    }
    return run_client("shamir_secret_sharing.mjs", json.dumps(ask))


def test_it_rebuilds_what_custodians_share_from_every_sufficient_set(got: dict[str, Any]) -> None:
    assert got["combined"] == [shared for shared, _ in _all_sets()]
    assert len(got["combined"]) == 6 + 4 + 70


def test_every_sufficient_set_of_its_shares_rebuilds_here(got: dict[str, Any]) -> None:
    shares = {bytes.fromhex(text)[-1]: bytes.fromhex(text)[:-1] for text in got["shares"]}
    assert len(shares) == 6
    for chosen in combinations(shares, 3):
        assert combine({x: shares[x] for x in chosen}) == SECRET
