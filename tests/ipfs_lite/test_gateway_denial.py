"""What a gateway does not give, and what nobody can learn from that."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.ipfs_lite.blocks import BlockClass, EraseOrder
from node.ipfs_lite.car_read import CarReader
from node.ipfs_lite.cid import make_cid, multihash_of, to_text
from node.ipfs_lite.errors import CorruptBlockError, NotFoundError, ReadBudgetError
from node.ipfs_lite.gateway import Gateway
from node.ipfs_lite.hamt import Named
from node.ipfs_lite.http import Request
from node.ipfs_lite.memory_store import MemoryStore
from node.ipfs_lite.profiles import Profile
from node.ipfs_lite.unixfs_dirs import write_directory
from node.ipfs_lite.unixfs_write import write_bytes
from node.storage.errors import StoreFailedError
from tests.ipfs_lite.gateway_place import NOTHING, PEER, SMALL, Place, header
from tests.ipfs_lite.tampering import tamper

_SEALED = BlockClass.SEALED


@pytest.fixture
def place():
    return Place()


def _absent(place):
    place.store.delete(place.sub)


def _denied(place):
    place.deny(place.sub)


def _known_bad(place):
    tamper(place.store, place.sub)
    with suppress(CorruptBlockError):
        place.store.get(place.sub)


def _erased(place):
    place.store.erase(EraseOrder(bytes(32), place.sub, 0))
    assert place.store.is_tombstoned(multihash_of(place.sub))


_GONE = {
    "absent": _absent,
    "denied": _denied,
    "bad": lambda place: tamper(place.store, place.sub),
    "known to be bad": _known_bad,
    "erased": _erased,
}
_ASKED = [
    ("{sub}", "format=raw"),
    ("{sub}", "format=car"),
    ("{sub}/text", "format=car"),
    ("{root}/sub", "format=car"),
    ("{root}/sub/text", "format=car&entity-bytes=0:5"),
]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("path", "query"), _ASKED)
def test_what_is_not_to_be_had_is_one_answer(path, query, method):
    answers = set()
    for end in _GONE.values():
        place = Place()
        at = path.format(sub=to_text(place.sub), root=to_text(place.root))
        # a client that has it, and one that wants only what is here, learn no more
        good = place.ask(at, query)
        assert good.status == 200
        tag = header(good, "Etag")
        end(place)
        for headers in ({}, {"if_none_match": tag}, {"if_none_match": "*"}):
            response = place.ask(at, query, method, **headers)
            answers.add((response.status, response.headers, b"".join(response.body)))
        cached = place.ask(at, query, method, cache_control="only-if-cached", if_none_match=tag)
        assert (cached.status, cached.headers) == (412, response.headers)
    assert len(answers) == 1
    status, headers, body = answers.pop()
    assert status == 404
    assert body == (b"ipfs: block not found" if method == "GET" else b"")
    assert "Etag" not in dict(headers)


def test_a_path_that_leads_nowhere_looks_the_same(place):
    answers = {
        (response.status, response.headers, b"".join(response.body))
        for path in (
            NOTHING,
            f"{to_text(place.root)}/nothing",
            f"{to_text(place.root)}/text/below",
            f"{to_text(place.other)}/below",
        )
        for response in [place.ask(path, "format=car")]
    }
    assert {answer[0] for answer in answers} == {404}
    assert len(answers) == 1


class Counting(MemoryStore):
    """Counts what is asked of it."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def has(self, cid):
        self.calls.append("has")
        return super().has(cid)

    def get(self, cid):
        self.calls.append("get")
        return super().get(cid)

    def class_of(self, cid):
        self.calls.append("class_of")
        return super().class_of(cid)


def test_a_denial_costs_what_an_absence_costs():
    seen = set()
    for is_here in (True, False):
        store = Counting()
        if is_here:
            store.put(make_cid(b"x"), b"x", BlockClass.SEALED)
        asked = []

        def allowed(_peer, multihash, asked=asked):
            asked.append(multihash)
            return False

        gateway = Gateway(store, allowed)
        path = "/ipfs/" + to_text(make_cid(b"x"))
        assert gateway.handle(Request("GET", path, (("format", "raw"),)), PEER).status == 404
        seen.add((tuple(store.calls), tuple(asked)))
    assert seen == {(("has",), (multihash_of(make_cid(b"x")),))}


def test_the_filter_is_asked_for_every_block_that_is_sent(place):
    response = place.ask(place.root, "format=car")
    place.asked.clear()
    sent = {multihash_of(block.cid) for block in CarReader(response.body)}
    assert {multihash for _, multihash in place.asked} == sent
    assert {peer for peer, _ in place.asked} == {PEER}


@pytest.mark.parametrize("end", [_absent, _denied, _known_bad, _erased])
def test_a_car_file_with_a_child_that_is_not_to_be_had_does_not_end_well(place, end):
    response = place.ask(place.root, "format=car")
    end(place)
    pieces = []
    with pytest.raises(NotFoundError):
        pieces.extend(response.body)
    assert place.ask(place.root, "format=car").status == 200  # the root is here: nobody knows yet


def test_a_grant_that_ends_while_a_file_is_sent_ends_the_file(place):
    data = bytes(70_000)
    for number in range(3):
        place.store.put(make_cid(data + bytes((number,))), data + bytes((number,)), _SEALED)
    links = [Named(f"{n}", _added(data + bytes((n,)))) for n in range(3)]
    root = write_directory(
        links, lambda cid, block: place.store.put(cid, block, _SEALED), SMALL
    ).cid
    body = iter(place.ask(root, "format=car").body)
    next(body)
    assert next(body) == data + b"\0"
    place.deny(make_cid(data + b"\2"))
    with pytest.raises(NotFoundError):
        list(body)


def _added(data):
    profile = Profile("one", cid_version=1, raw_leaves=True, chunk_bytes=100_000, links_max=4)
    return write_bytes(data, lambda _cid, _block: None, profile)


class Failing(MemoryStore):
    def get(self, cid):
        raise StoreFailedError("read", "EIO")


def test_a_failed_disk_is_an_error_for_those_who_may_know_of_the_block():
    store = Failing()
    cid = make_cid(b"x")
    store.put(cid, b"x", BlockClass.SEALED)
    request = Request("GET", "/ipfs/" + to_text(cid), (("format", "raw"),))
    with pytest.raises(StoreFailedError):
        Gateway(store, lambda _peer, _multihash: True).handle(request, PEER)
    assert Gateway(store, lambda _peer, _multihash: False).handle(request, PEER).status == 404


@given(
    st.sampled_from(["root", "sub", "text", "other"]),
    st.sampled_from(["", "/sub", "/text", "/sub/text", "/..", "/x", "/%ff", "/sub/other%20file"]),
    st.sampled_from(
        [
            "format=raw",
            "format=car",
            "format=car&dag-scope=entity",
            "format=car&entity-bytes=3:-2",
            "format=car&entity-bytes=-9:*",
            "dag-scope=all",
        ]
    ),
    st.sets(st.integers(0, 12)),
    st.sets(st.integers(0, 12)),
)
def test_whatever_is_asked_nothing_denied_comes_out(name, path, query, denied, missing):
    place = Place()
    every = place.below(place.root)
    for index in denied & set(range(len(every))):
        place.deny(every[index])
    for index in missing & set(range(len(every))):
        place.store.delete(every[index])
    response = place.ask(to_text(getattr(place, name)) + path, query)
    assert response.status in (200, 400, 404)
    pieces = []
    with suppress(NotFoundError, ReadBudgetError):
        pieces.extend(response.body)
    if response.status == 200 and query.startswith("format=car") and pieces:
        for cid, _ in CarReader(pieces):
            assert multihash_of(cid) not in place.denied
