"""A patient reads an own record: custodians' shares of k' and the wallet's e make K.

Unlike what is released under a grant, shares of different epochs do not combine here: only the
custodians of one epoch lie on one polynomial.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from node.privacy.grantee import Collected
from node.sss.gf256 import add
from node.sss.shares import Container


def own_points(collected: Collected, essential_of: Callable[[int], Container]) -> Collected:
    """Turn shares of k' into shares of K, those of the epoch that most custodians are in.

    ``essential_of``  gives the essential container of an epoch.
    returns       ``collected`` with shares of K; answers of other epochs stand among the faults.
    """
    epochs = Counter(collected.receipts[index].epoch for index in collected.points)
    if not epochs:
        return collected
    # of two that are equally common the later one: the others have yet to follow
    epoch = max(epochs, key=lambda one: (epochs[one], one))
    e = essential_of(epoch).payload
    points: dict[int, bytes] = {}
    faults = dict(collected.faults)
    for index, share in collected.points.items():
        other = collected.receipts[index].epoch
        if other == epoch:
            points[index] = add(share, e)
        else:
            faults[index] = f"a share of epoch {other}, the others are of epoch {epoch}"
    return replace(collected, points=points, faults=faults)
