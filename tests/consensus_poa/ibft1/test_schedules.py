"""Random loss, partitions and restarts: with a safe quorum no height is decided twice."""

from dataclasses import replace

import pytest

from node.base.rng import TreeEntropy
from tests.consensus_poa.ibft1.chains import OPTIONS
from tests.consensus_poa.ibft1.cluster import Cluster


def disturbed(seed: int, size: int, **switches: str) -> Cluster:
    """Give a network after two minutes of trouble and as long of peace."""
    options = replace(OPTIONS, quorum="ceil_2n_3", **switches)  # type: ignore[arg-type]
    net, dice = Cluster(size, options), TreeEntropy(seed, "trouble")
    for _ in range(30):
        cut, loss = dice.below(size + 1), dice.below(4)
        net.connected = lambda a, b, cut=cut: (a < cut) == (b < cut)  # type: ignore[misc]
        net.passes = lambda _a, _b, _raw, loss=loss: dice.below(8) >= loss  # type: ignore[misc]
        net.run(1 + dice.below(7))
        if dice.below(4) == 0:
            index = dice.below(size)
            net.crash(index)
            net.run(1)
            net.restart(index)
    net.connected, net.passes = lambda _a, _b: True, lambda _a, _b, _raw: True
    net.announce()
    net.run(120)
    return net


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("size", [4, 6])
def test_no_height_is_decided_twice(seed: int, size: int) -> None:
    net = disturbed(seed, size)
    highest = max(net.heights())
    assert highest > 0
    assert all(len(net.decided(number)) == 1 for number in range(1, highest + 1))
    assert all("IBFT1.agreement_violation" not in member.rules() for member in net.members)
    assert all(member.evidence == [] for member in net.members)
