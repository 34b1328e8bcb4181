"""network: presets, links, nodes."""

import pytest

from node.sim.regions import REGIONS
from node.sim.schema.network import PRESETS
from tests.sim.schema.texts import HEAD, lines, scenario


def _network(text: str):
    return scenario(HEAD + f"network: {{{text}}}\n").network


def test_default_is_four_validators_on_a_lan() -> None:
    network = scenario(HEAD).network
    assert network.validators == ("h0", "h1", "h2", "h3")
    assert network.link == PRESETS["lan"]


def test_presets_are_those_of_the_specification() -> None:
    assert {
        name: (link.bandwidth_bps, link.base_us, link.loss_ppm) for name, link in PRESETS.items()
    } == {
        "lan": (10**9, 200, 0),
        "reliable": (10**9, 0, 0),
        "home": (50_000_000, 20_000, 1_000),
        "laggy": (50_000_000, 300_000, 50_000),
        "constrained": (5_000_000, 20_000, 1_000),
        "bad": (2_000_000, 500_000, 200_000),
    }


def test_jitter_of_a_preset_is_exponential_with_a_tenth_of_the_latency() -> None:
    link = _network("link: home").link
    assert (link.dist, link.jitter_us) == ("exponential", 2_000)


def test_own_link_takes_a_tenth_of_its_latency_as_jitter() -> None:
    assert _network("link: {base: 7ms}").link.jitter_us == 700


def test_own_jitter_counts_even_when_it_is_zero() -> None:
    assert _network("link: {base: 7ms, jitter: 0s}").link.jitter_us == 0


def test_own_link_is_read_in_full() -> None:
    link = _network(
        "link: {base: 1ms, jitter: 2ms, dist: uniform, bandwidth: 5Mbit, loss: 0.5}"
    ).link
    assert link.model_dump() == {
        "base_us": 1_000,
        "jitter_us": 2_000,
        "dist": "uniform",
        "bandwidth_bps": 5_000_000,
        "loss_ppm": 500_000,
    }


def test_link_override_takes_ids_lists_and_all() -> None:
    (link,) = _network("validators: 3, links: [{between: [h0, [h1, h2]], link: bad}]").links
    assert (link.between, link.oneway) == ((("h0",), ("h1", "h2")), False)
    (link,) = _network(
        "validators: 2, links: [{between: [all, h1], link: bad, oneway: true}]"
    ).links
    assert (link.between, link.oneway) == ((("h0", "h1"), ("h1",)), True)


@pytest.mark.parametrize(
    "between", ["[h0]", "[h0, h1, h2]", "h0", "[h0, []]", "[h0, 5]", "[h0, h9]"]
)
def test_link_override_between_no_two_groups_of_nodes_is_refused(between: str) -> None:
    text = HEAD + f"network: {{links: [{{between: {between}, link: lan}}]}}\n"
    assert len(lines(text)) == 1


def test_settings_of_a_node() -> None:
    nodes = _network(
        "nodes: {h3: {region: in_south, link: bad, clock: {offset: -5m, drift_ppm: -200},"
        " cpu: {message: 1us, signature: 2us, gas_per_second: 3}}}"
    ).nodes
    assert nodes["h3"].model_dump(exclude={"link"}) == {
        "role": "validator",
        "region": "in_south",
        "clock": {"offset_us": -300_000_000, "drift_ppm": -200},
        "cpu": {"message_us": 1, "signature_us": 2, "gas_per_second": 3},
        "verify": False,
    }
    assert nodes["h3"].link == PRESETS["bad"]


@pytest.mark.parametrize("region", REGIONS)
def test_every_region_of_the_model_may_be_named(region: str) -> None:
    assert _network(f"nodes: {{h0: {{region: {region}}}}}").nodes["h0"].region == region


@pytest.mark.parametrize(
    "text",
    [
        "validators: 0",
        "validators: 101",
        "validators: []",
        "validators: true",
        "validators: [H0]",
        "topology: ring",
        "transport: datagram",
        "link: fast",
        "link: {jitter: 1ms}",
        "link: {base: 1ms, dist: normal}",
        "nodes: {h4: {}}",
        "nodes: [h0]",
        "nodes: {h0: {region: mars}}",
        "nodes: {h0: {clock: {drift_ppm: 100001}}}",
        "nodes: {h0: {cpu: {gas_per_second: 0}}}",
        "nodes: {h0: {disk: {sync: 2ms}}}",
        "nodes: {h0: {verify: 1}}",
        "nodes: {h0: {verify: full}}",
    ],
)
def test_bad_network_is_one_fault(text: str) -> None:
    assert len(lines(HEAD + f"network: {{{text}}}\n")) == 1


def test_node_that_verifies_is_marked() -> None:
    assert _network("nodes: {h0: {verify: true}}").nodes["h0"].verify


def test_hundred_validators_are_allowed() -> None:
    assert len(_network("validators: 100").validators) == 100
