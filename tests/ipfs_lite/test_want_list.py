from hypothesis import given, settings
from hypothesis import strategies as st

from node.ipfs_lite.cid import make_cid, make_cid_v0, multihash_of
from node.ipfs_lite.events import WantEntry
from node.ipfs_lite.want_list import WantList

NAMES = [make_cid(b"%d" % number) for number in range(6)]


def _listed(*entries):
    wants = WantList()
    for arrival, (number, priority) in enumerate(entries):
        name = NAMES[number]
        wants.add(WantEntry(name, priority, 0), multihash_of(name), arrival)
    return wants


def _queued(wants):
    """Take all queued wants off in the order of serving."""
    out = []
    while (want := wants.first()) is not None:
        out.append(want.entry.cid)
        wants.drop(want.entry.cid)
    return out


def test_an_empty_list_is_not_due():
    assert not WantList().is_due()


def test_a_new_want_is_looked_at_once():
    wants = _listed((0, 1))
    assert [want.entry.cid for want in wants.take_changed()] == NAMES[:1]
    assert wants.take_changed() == ()
    assert not wants.is_due()


def test_changed_wants_come_by_priority_then_arrival():
    wants = _listed((0, 1), (1, 2), (2, 2))
    assert [want.entry.cid for want in wants.take_changed()] == [NAMES[1], NAMES[2], NAMES[0]]


def test_queued_wants_are_served_by_priority_then_arrival():
    wants = _listed((0, 1), (1, 2), (2, 2))
    for want in reversed(wants.take_changed()):
        wants.queue(want, 0)
    assert _queued(wants) == [NAMES[1], NAMES[2], NAMES[0]]


def test_a_want_that_comes_again_keeps_its_place():
    wants = _listed((0, 1), (1, 1), (0, 1))
    assert wants.cids() == (NAMES[0], NAMES[1])


def test_a_block_wakes_every_cid_of_its_bytes():
    wants = WantList()
    for arrival, name in enumerate((NAMES[0], make_cid_v0(b"0"), NAMES[1])):
        wants.add(WantEntry(name, 1, 0), multihash_of(name), arrival)
    wants.take_changed()
    wants.look_again_at(multihash_of(NAMES[0]))
    assert len(wants.take_changed()) == 2


def test_the_cut_takes_the_lowest_priority_and_then_the_latest():
    wants = _listed((0, 1), (1, 0), (2, 1), (3, 0))
    wants.cut(2)
    assert wants.cids() == (NAMES[0], NAMES[2])
    wants.cut(1)
    assert wants.cids() == (NAMES[0],)


def test_who_wants_and_cancels_for_ever_leaves_nothing_behind():
    wants = _listed((0, 1))
    (first,) = wants.take_changed()
    wants.queue(first, 5)
    for arrival in range(10_000):
        wants.add(WantEntry(NAMES[1], -1, 0), multihash_of(NAMES[1]), arrival)
        (want,) = wants.take_changed()
        wants.queue(want, 7)
        wants.drop(NAMES[1])
    assert len(wants._heap) < 100
    assert (wants.queued_bytes, _queued(wants)) == (5, [NAMES[0]])
    assert wants._by_multihash == {}


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["add", "drop", "queue", "unqueue", "look"]),
            st.integers(0, 5),
            st.integers(-1, 1),
        ),
        max_size=40,
    )
)
def test_the_queue_is_that_of_a_sorted_list(steps):
    wants, model, queued = WantList(), {}, {}
    for arrival, (what, number, priority) in enumerate(steps):
        name = NAMES[number]
        want = wants._wants.get(name)
        if what == "add":
            wants.add(WantEntry(name, priority, 0), multihash_of(name), arrival)
            model[name] = (-priority, model.get(name, (0, arrival))[1])
            queued.pop(name, None)
        elif what == "drop":
            wants.drop(name)
            model.pop(name, None)
            queued.pop(name, None)
        elif want is not None and what == "queue" and name not in queued:
            wants.queue(want, number)
            queued[name] = number
        elif want is not None and what == "unqueue":
            wants.unqueue(want)
            queued.pop(name, None)
        elif what == "look":
            wants.look_again_at(multihash_of(name))
            queued.pop(name, None)
    assert wants.queued_bytes == sum(queued.values())
    assert _queued(wants) == sorted(queued, key=model.get)
