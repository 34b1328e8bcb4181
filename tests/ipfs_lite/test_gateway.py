import re

import pytest

from node.base.types import Cid
from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.car_read import CarReader
from node.ipfs_lite.cid import DAG_PB, from_text, make_cid, make_cid_v0, to_text
from node.ipfs_lite.gateway import Gateway
from node.ipfs_lite.http import Request
from node.ipfs_lite.unixfs_write import write_bytes
from tests.ipfs_lite.gateway_place import NOTHING, PEER, SMALL, Place, header

_RAW, _CAR = "application/vnd.ipld.raw", "application/vnd.ipld.car"
_PROBE = "bafkqaaa"
_SEALED = BlockClass.SEALED


@pytest.fixture
def place():
    return Place()


def test_a_block_is_given_with_all_its_headers(place):
    response = place.ask(place.other)
    text = to_text(place.other)
    assert response.status == 200
    assert b"".join(response.body) == b"other"
    assert dict(response.headers) == {
        "Content-Type": _RAW,
        "Content-Length": "5",
        "Content-Disposition": f'attachment; filename="{text}.bin"',
        "Etag": f'"{text}.raw"',
        "Vary": "Accept",
        "X-Content-Type-Options": "nosniff",
        "X-Ipfs-Path": f"/ipfs/{text}",
        "X-Ipfs-Roots": text,
        "Cache-Control": "private, no-store",
    }


@pytest.mark.parametrize("name", ["v0", "v1", "raw", "hex"])
def test_a_block_is_found_under_every_cid_of_its_bytes(place, name):
    data = place.store.get(place.sub)
    texts = {
        "v0": to_text(make_cid_v0(data)),
        "v1": to_text(make_cid(data, DAG_PB)),
        "raw": to_text(make_cid(data)),
        "hex": "f" + place.sub.hex(),
    }
    response = place.ask(texts[name])
    assert b"".join(response.body) == data
    canonical = to_text(from_text(texts[name]))
    assert header(response, "Etag") == f'"{canonical}.raw"'


def test_accept_alone_asks_for_a_block(place):
    assert b"".join(place.ask(place.other, "", accept=_RAW).body) == b"other"


def test_a_car_file_has_its_headers(place):
    response = place.ask(f"{to_text(place.root)}/sub", "format=car&car-dups=y&car-order=unk")
    text = to_text(place.root)
    headers = dict(response.headers)
    assert re.fullmatch(rf'W/"{text}\.car\.[0-9a-f]{{16}}"', headers.pop("Etag"))
    assert headers == {
        "Content-Type": f"{_CAR}; version=1; order=dfs; dups=y",
        "Content-Disposition": f'attachment; filename="{text}.car"',
        "Vary": "Accept",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }


def test_a_car_file_begins_with_the_path(place):
    root, sub = place.root, place.sub
    text = place.below(place.text)
    at = to_text(root)
    table = {
        (at, ""): (root, place.below(root)),
        (at, "dag-scope=block"): (root, [root]),
        (at, "dag-scope=entity"): (root, [root]),
        (f"{at}/sub", ""): (sub, [root, *place.below(sub)]),
        (f"{at}/sub/", "dag-scope=block"): (sub, [root, sub]),
        (f"{at}/sub/other%20file", ""): (place.other, [root, sub, place.other]),
        (f"{at}/text/../sub/text", ""): (place.text, [root, sub, *text]),
        (f"{at}/sub/text", "dag-scope=block"): (place.text, [root, sub, text[0]]),
        (f"{at}/sub/text", "entity-bytes=0:0"): (place.text, [root, sub, *text[:3]]),
        (f"{at}/sub/text", "entity-bytes=900:*&dag-scope=all"): None,
        (f"{at}/sub", "entity-bytes=900:*"): (sub, [root, sub]),
    }
    for (path, query), wants in table.items():
        if wants is None:
            assert place.ask(path, f"format=car&{query}").status == 400
        else:
            assert place.car(path, query) == ((wants[0],), wants[1]), (path, query)


def test_repeats_come_only_when_they_are_asked_for(place):
    _, once = place.car(place.root)
    _, each = place.car(place.root, "car-dups=y")
    assert len(once) == len(set(once))
    assert list(dict.fromkeys(each)) == once
    assert len(each) > len(once)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("query", ["format=raw", "format=car", "format=car&dag-scope=block"])
def test_the_probe_is_always_there(place, query, method):
    response = place.ask(_PROBE, query, method)
    assert response.status == 200
    if method == "GET" and query != "format=raw":
        reader = CarReader(response.body)
        assert (reader.roots, list(reader)) == ((from_text(_PROBE),), [])
    else:
        assert b"".join(response.body) == b""


def test_an_identity_cid_is_its_own_data(place):
    cid = Cid(b"\1\x55\0\5hello")
    assert b"".join(place.ask(cid).body) == b"hello"
    assert place.car(cid, "car-dups=y") == ((cid,), [])


def test_a_range_asks_for_no_block_outside_of_it(place):
    text = place.below(place.text)
    for cid in text[-2:]:
        place.store.delete(cid)
    roots, got = place.car(place.text, "entity-bytes=0:7")
    assert (roots, got) == ((place.text,), text[:3])


def test_an_empty_file_has_every_range(place):
    empty = write_bytes(b"", lambda cid, data: place.store.put(cid, data, _SEALED), SMALL).cid
    assert place.car(empty, "entity-bytes=0:*") == ((empty,), [empty])


@pytest.mark.parametrize("klass", BlockClass)
def test_only_a_public_block_may_be_cached(klass):
    place = Place(klass)
    wants = {
        BlockClass.SEALED: "private, no-store",
        BlockClass.PUBLIC: "public, max-age=29030400, immutable",
    }
    for headers in ({}, {"if_none_match": "*"}):
        assert header(place.ask(place.sub, **headers), "Cache-Control") == wants[klass]
    assert header(place.ask(place.sub, "format=car"), "Cache-Control") == "private, no-store"
    assert header(place.ask(NOTHING), "Cache-Control") == "private, no-store"


@pytest.mark.parametrize("query", ["format=raw", "format=car", "format=car&dag-scope=block"])
def test_a_client_that_has_it_gets_304_and_no_body(place, query):
    tag = header(place.ask(place.sub, query), "Etag")
    for known in (tag, f'"x", {tag}', "*", tag.removeprefix("W/")):
        response = place.ask(place.sub, query, if_none_match=known)
        assert (response.status, b"".join(response.body)) == (304, b"")
        assert header(response, "Etag") == tag
        assert header(response, "Content-Length") is None
    assert place.ask(place.sub, query, if_none_match='"other"').status == 200


def test_tags_differ_where_bytes_differ(place):
    at = to_text(place.root)
    tags = [
        header(place.ask(path, f"format=car&{query}"), "Etag")
        for path in (at, f"{at}/sub", f"{at}/sub/text")
        for query in ("", "dag-scope=block", "dag-scope=entity", "entity-bytes=0:5", "car-dups=y")
    ]
    assert len(set(tags)) == len(tags)


@pytest.mark.parametrize(("path", "query"), [("{sub}", "format=raw"), ("{root}/sub", "format=car")])
def test_head_is_get_without_a_body(place, path, query):
    at = path.format(sub=to_text(place.sub), root=to_text(place.root))
    get, head = place.ask(at, query), place.ask(at, query, "HEAD")
    assert (head.status, head.headers) == (get.status, get.headers)
    assert b"".join(head.body) == b""


@pytest.mark.parametrize(
    ("path", "query", "method", "status"),
    [
        ("{sub}", "", "GET", 400),
        ("{sub}", "format=tar", "GET", 400),
        ("nonsense", "format=raw", "GET", 400),
        ("{root}/sub", "format=raw", "GET", 400),
        ("{root}/../sub", "format=car", "GET", 400),
        ("{sub}", "format=raw", "POST", 405),
        (NOTHING, "format=car&entity-bytes=x", "GET", 400),
    ],
)
def test_a_wrong_request_is_told_what_is_wrong(place, path, query, method, status):
    at = path.format(sub=to_text(place.sub), root=to_text(place.root))
    response = place.ask(at, query, method)
    assert response.status == status
    assert header(response, "Content-Type") == "text/plain; charset=utf-8"
    assert (header(response, "Allow") == "GET, HEAD") is (status == 405)
    assert place.asked == []


def test_no_known_type_is_406(place):
    assert place.ask(place.sub, "", accept="text/html").status == 406


def test_a_file_name_is_the_callers(place):
    response = place.ask(place.sub, "format=raw&filename=foobar.bin")
    assert header(response, "Content-Disposition") == 'attachment; filename="foobar.bin"'


def test_who_asks_too_often_is_told_to_wait(place):
    gateway = Gateway(place.store, lambda _peer, _multihash: True, lambda _peer: 7)
    request = Request("GET", "/ipfs/" + to_text(place.sub), (("format", "raw"),))
    response = gateway.handle(request, PEER)
    assert response.status == 429
    assert header(response, "Retry-After") == "7"
