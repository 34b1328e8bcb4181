from node.sim.roster import Member, members
from node.sim.schema.network import PRESETS, Link, LinkOverride, Network, NodeSettings
from node.sim.topology import link_specs

LAGGY = PRESETS["laggy"]


def mesh(**changes):
    return Network(validators=("h0", "h1", "h2"), link="home", **changes)


def test_a_mesh_has_a_link_in_each_direction_between_all_nodes():
    assert len(link_specs(mesh())) == 6


def test_nodes_without_a_vote_have_links_too():
    observed = mesh(nodes={"o1": NodeSettings(role="observer", link="laggy")})
    specs = link_specs(observed)
    assert len(specs) == 12
    assert specs["h0", "o1"].base_us == 320_000


def test_a_clone_has_the_links_of_its_original_and_none_to_it():
    network = mesh(nodes={"h1": NodeSettings(link="laggy")})
    clone = Member("h1-clone", "h1", is_validator=True)
    specs = link_specs(network, (*members(network), clone))
    assert ("h1", "h1-clone") not in specs
    assert specs["h0", "h1-clone"] == specs["h0", "h1"]


def test_latencies_and_jitters_of_both_ends_add():
    spec = link_specs(mesh())["h0", "h1"]
    assert (spec.base_us, spec.jitter_mean_us) == (40_000, 4_000)


def test_losses_of_both_ends_combine():
    assert link_specs(mesh())["h0", "h1"].loss_ppm == 1_999


def test_the_slower_end_limits_the_bandwidth():
    slow = NodeSettings(link="bad")
    specs = link_specs(mesh(nodes={"h2": slow}))
    assert specs["h0", "h2"].bandwidth_bps == 2_000_000
    assert specs["h0", "h1"].bandwidth_bps == 50_000_000


def test_distance_comes_on_top_with_a_tenth_of_jitter():
    specs = link_specs(mesh(nodes={"h2": NodeSettings(region="in_south")}))
    assert specs["h0", "h2"].base_us == 40_000 + 15_045
    assert specs["h0", "h2"].jitter_mean_us == 4_000 + 1_504


def override(link, *, oneway=False):
    return LinkOverride.model_construct(between=(("h0",), ("h1",)), link=link, oneway=oneway)


def test_an_override_replaces_both_directions_unless_it_is_oneway():
    specs = link_specs(mesh(links=(override(LAGGY),)))
    assert specs["h0", "h1"].base_us == specs["h1", "h0"].base_us == 300_000
    specs = link_specs(mesh(links=(override(LAGGY, oneway=True),)))
    assert (specs["h0", "h1"].base_us, specs["h1", "h0"].base_us) == (300_000, 40_000)


def test_the_last_override_wins():
    last = Link.model_construct(
        base_us=7, jitter_us=0, dist="constant", bandwidth_bps=10**9, loss_ppm=0
    )
    specs = link_specs(mesh(links=(override(LAGGY), override(last))))
    assert specs["h0", "h1"].base_us == 7
    assert specs["h0", "h1"].jitter == "constant"
