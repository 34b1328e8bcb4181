"""From the network section of a scenario to one link specification per direction."""

from collections.abc import Sequence
from typing import Final

from node.base.rng import PPM
from node.sim.link import LinkSpec
from node.sim.regions import one_way_us
from node.sim.roster import Member, members
from node.sim.schema.network import Link, LinkOverride, Network

_REGION_JITTER_PART: Final = 10
"""Distance jitters by a tenth of itself, like the presets."""


def link_specs(
    network: Network, nodes: Sequence[Member] | None = None
) -> dict[tuple[str, str], LinkSpec]:
    """Give the specification of every directed link of the mesh.

    Latencies and jitters of both ends add, losses combine as 1-(1-a)(1-b), the slower end limits
    the bandwidth, and the distance between regions comes on top; an override replaces all of it
    but the distance (simulation.md section 5).  A clone has the links of the node whose key it
    has, and none to it: neither would accept its own address.
    ``nodes``     None: those that the network section names.
    """
    specs: dict[tuple[str, str], LinkSpec] = {}
    found = members(network) if nodes is None else nodes
    for source in found:
        for target in found:
            if source.key_of != target.key_of:
                spec = _spec(network, source.key_of, target.key_of)
                specs[source.name, target.name] = spec
    return specs


def _spec(network: Network, source: str, target: str) -> LinkSpec:
    override = _override(network.links, source, target)
    ends = [override] if override else [_end(network, source), _end(network, target)]
    distance = one_way_us(_region(network, source), _region(network, target))
    kept_ppm = PPM
    for end in ends:
        kept_ppm = kept_ppm * (PPM - end.loss_ppm) // PPM
    return LinkSpec(
        base_us=sum(end.base_us for end in ends) + distance,
        jitter=ends[0].dist,
        jitter_mean_us=sum(end.jitter_us for end in ends) + distance // _REGION_JITTER_PART,
        bandwidth_bps=min(end.bandwidth_bps for end in ends),
        loss_ppm=PPM - kept_ppm,
    )


def _override(links: tuple[LinkOverride, ...], source: str, target: str) -> Link | None:
    found = None
    for link in links:
        first, second = link.between
        forth = source in first and target in second
        back = source in second and target in first
        if forth or (back and not link.oneway):
            found = link.link
    return found


def _end(network: Network, node: str) -> Link:
    settings = network.nodes.get(node)
    return network.link if settings is None or settings.link is None else settings.link


def _region(network: Network, node: str) -> str | None:
    settings = network.nodes.get(node)
    return None if settings is None else settings.region
