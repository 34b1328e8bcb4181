"""Links under faults: what is under way, what is sent, what is told to the ends."""

import pytest

from node.sim.fabric import Fabric, ways_of
from node.sim.faults.tally import Tally
from node.sim.kernel import Kernel
from node.sim.link import Link, LinkSpec

SPEC = LinkSpec(1_000, "constant", 0, 10**9, 0)
AB, BA = ("a", "b"), ("b", "a")


class Ports:
    def __init__(self):
        self.up, self.told = {"a", "b"}, []

    def is_up(self, node):
        return node in self.up

    def connected(self, node, peer):
        self.told.append(("connected", node, peer))

    def lost(self, node, peer):
        self.told.append(("lost", node, peer))


@pytest.fixture
def net():
    kernel, ports = Kernel(), Ports()
    links = {ends: Link(1, *ends, SPEC) for ends in (AB, BA)}
    fabric = Fabric(kernel, links, ports)
    fabric.got = []
    fabric.say = lambda what, ends=AB: fabric.send(ends, 16, 10, fabric.got.append, what)
    return kernel, ports, fabric


def test_machines_that_run_connect_after_a_handshake(net):
    kernel, ports, fabric = net
    fabric.connect_all()
    kernel.run_until(4_000)
    assert ports.told == []
    kernel.run_until(4_001)
    assert ports.told == [("connected", "b", "a"), ("connected", "a", "b")]


def test_a_machine_that_is_down_connects_to_nobody(net):
    kernel, ports, fabric = net
    ports.up.remove("b")
    fabric.connect_all()
    kernel.run_until(10_000)
    assert ports.told == []


def test_what_is_under_way_and_what_is_sent_is_lost_and_counted(net):
    kernel, _, fabric = net
    cut = Tally("f", "partition")
    fabric.say("before")
    kernel.run_until(500)
    fabric.say("under way")
    kernel.run_until(1_100)
    fabric.cut([AB], cut)
    fabric.say("sent")
    kernel.run_until(9_000)
    assert fabric.got == ["before"]
    assert cut.effects == 2


def test_the_other_direction_of_a_cut_works(net):
    kernel, _, fabric = net
    fabric.cut([AB], Tally("f", "partition_oneway"))
    fabric.say("back", BA)
    kernel.run_until(9_000)
    assert fabric.got == ["back"]


def test_after_a_cut_both_ends_make_a_new_connection(net):
    kernel, ports, fabric = net
    cut = Tally("f", "partition")
    fabric.cut([AB, BA], cut)
    fabric.mend([AB, BA], cut)
    fabric.say("after")
    kernel.run_until(9_000)
    assert fabric.got == ["after"]
    assert sorted(ports.told) == [
        *[("connected", "a", "b"), ("connected", "b", "a")],
        *[("lost", "a", "b"), ("lost", "b", "a")],
    ]


def test_two_cuts_must_both_end(net):
    kernel, ports, fabric = net
    one, two = Tally("f", "isolate"), Tally("g", "isolate")
    fabric.cut([AB], one)
    fabric.cut([AB], two)
    fabric.mend([AB], one)
    assert fabric.is_cut(*AB)
    assert ports.told == []
    fabric.mend([AB], two)
    kernel.run_until(9_000)
    assert not fabric.is_cut(*AB)
    assert len(ports.told) == 4


def test_a_clog_holds_frames_and_releases_them_in_order(net):
    kernel, _, fabric = net
    clog = Tally("f", "clog")
    fabric.clog([AB], clog)
    fabric.say("one")
    fabric.say("two")
    kernel.run_until(50_000)
    assert fabric.got == []
    fabric.unclog([AB], clog)
    fabric.say("three")
    kernel.run_until(60_000)
    assert fabric.got == ["one", "two", "three"]
    assert clog.effects == 2


def test_a_broken_connection_loses_what_is_under_way(net):
    kernel, ports, fabric = net
    broken = Tally("f", "disconnect")
    fabric.say("under way")
    fabric.disconnect([AB, BA], broken)
    kernel.run_until(9_000)
    assert fabric.got == []
    assert broken.effects == 2  # the connection, and the frame
    assert len(ports.told) == 4


def test_frames_to_a_machine_that_stopped_are_lost_and_those_it_sent_arrive(net):
    kernel, ports, fabric = net
    fabric.say("to it", AB)
    fabric.say("from it", BA)
    ports.up.remove("b")
    fabric.stopped("b")
    kernel.run_until(9_000)
    assert fabric.got == ["from it"]
    assert ports.told == [("lost", "a", "b")]


def test_changes_of_a_link_pile_up_and_go(net):
    _, _, fabric = net
    one, two = Tally("f", "loss"), Tally("g", "loss")
    fabric.change([AB], one, lambda spec: spec.losing(500_000))
    fabric.change([AB], two, lambda spec: spec.losing(500_000))
    assert fabric.links[AB].spec.loss_ppm == 750_000
    fabric.restore([AB], one)
    assert fabric.links[AB].spec.loss_ppm == 500_000
    fabric.restore([AB], two)
    assert fabric.links[AB].spec == SPEC


def test_an_address_may_mean_two_machines():
    addresses = {"h0": bytes(20), "h1": b"\x01" * 20, "h0-clone": bytes(20)}
    links = [("h1", "h0"), ("h1", "h0-clone"), ("h0", "h1"), ("h0", "h0-clone")]
    ways = ways_of(links, addresses)
    assert ways["h1"] == {bytes(20): [("h1", "h0"), ("h1", "h0-clone")], b"\x01" * 20: []}
    assert ways["h0"] == {bytes(20): [("h0", "h0-clone")], b"\x01" * 20: [("h0", "h1")]}
