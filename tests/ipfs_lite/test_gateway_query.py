from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.ipfs_lite.cid import from_text
from node.ipfs_lite.errors import HttpRefusedError
from node.ipfs_lite.gateway_query import read_query
from node.ipfs_lite.http import Request
from node.ipfs_lite.selection import ByteRange, Scope

_CID = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
_V0 = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
_RAW, _CAR = "application/vnd.ipld.raw", "application/vnd.ipld.car"


def _read(path=f"/ipfs/{_CID}", query="format=car", accept=None, method="GET", **headers):
    pairs = tuple(tuple(pair.split("=", 1)) for pair in query.split("&") if pair)
    if accept is not None:
        headers["accept"] = accept
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_query(Request(method, path, pairs, names))


def test_the_defaults_of_a_car_file():
    query = _read()
    assert query.is_car
    assert (query.scope, query.part, query.has_repeats) == (Scope.ALL, None, False)
    assert query.path.root == from_text(_CID)
    assert query.path.names == ()


@pytest.mark.parametrize(
    ("query", "accept", "is_car", "has_repeats"),
    [
        ("format=raw", None, False, False),
        ("format=car", None, True, False),
        ("", _RAW, False, False),
        ("", _CAR, True, False),
        ("", f"{_CAR}; version=1; order=dfs; dups=y", True, True),
        ("", f"{_CAR};dups=y", True, True),
        ("", f"{_CAR}; order=unk; dups=n", True, False),
        ("", f'{_CAR}; dups="y"', True, True),
        ("", _CAR.upper(), True, False),
        # both: the query decides the type, the header still says which CAR
        ("format=car", f"{_CAR}; version=1; order=dfs; dups=y", True, True),
        ("format=car&car-dups=n", f"{_CAR}; dups=y", True, False),
        ("format=raw", f"{_CAR}; dups=y", False, False),
        ("format=car", _RAW, True, False),
        ("format=car", "text/html", True, False),
        # several: quality, then order; what cannot be had is passed over
        ("", f"text/html, {_RAW}", False, False),
        ("", f"{_RAW};q=0.5, {_CAR}", True, False),
        ("", f"{_RAW};q=0, {_CAR};q=0.1", True, False),
        ("", f"{_CAR};order=foo, {_CAR};order=dfs;dups=y;q=0.5", True, True),
        ("", f"{_CAR};version=2, {_RAW}", False, False),
        ("format=car&car-version=1&car-order=unk&car-dups=y", None, True, True),
    ],
)
def test_the_query_wins_over_accept(query, accept, is_car, has_repeats):
    got = _read(query=query, accept=accept)
    assert (got.is_car, got.has_repeats) == (is_car, has_repeats)


@pytest.mark.parametrize(
    ("query", "scope", "part"),
    [
        ("dag-scope=block", Scope.BLOCK, None),
        ("dag-scope=entity", Scope.ENTITY, None),
        ("dag-scope=all", Scope.ALL, None),
        ("entity-bytes=0:*", Scope.ENTITY, ByteRange(0)),
        ("dag-scope=entity&entity-bytes=512:1023", Scope.ENTITY, ByteRange(512, 1023)),
        ("dag-scope=all&entity-bytes=512:-256", Scope.ENTITY, ByteRange(512, -256)),
        ("entity-bytes=-5:*", Scope.ENTITY, ByteRange(-5)),
        ("entity-bytes=-9999:-3", Scope.ENTITY, ByteRange(-9999, -3)),
        ("entity-bytes=0:0", Scope.ENTITY, ByteRange(0, 0)),
        ("what=ever", Scope.ALL, None),
    ],
)
def test_scope_and_range(query, scope, part):
    got = _read(query=f"format=car&{query}")
    assert (got.scope, got.part) == (scope, part)


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("", ()),
        ("/", ()),
        ("/a/b", ("a", "b")),
        ("//a/./b/", ("a", "b")),
        ("/a/../b", ("b",)),
        ("/a%20b/%C3%BC", ("a b", "ü")),
        ("/%2e%2E", None),
        ("/100%25", ("100%",)),
        ("/%61", ("a",)),
    ],
)
def test_a_path_is_unescaped_and_then_followed_by_name(path, names):
    if names is None:
        with pytest.raises(HttpRefusedError, match="above the root"):
            _read(path=f"/ipfs/{_CID}{path}")
    else:
        assert _read(path=f"/ipfs/{_CID}{path}").path.names == names


_BAD = [
    (400, {"path": "/ipfs/"}, "CID"),
    (400, {"path": "/ipfs/nonsense"}, "CID"),
    (400, {"path": "/ipfs/" + _CID[:-1]}, "CID"),
    (400, {"path": "/ipns/" + _CID}, "/ipfs/"),
    (400, {"path": "/" + _CID}, "/ipfs/"),
    (400, {"path": f"/ipfs/{_CID}/../x/../.."}, "above the root"),
    (400, {"path": f"/ipfs/{_CID}/%ff"}, "UTF-8"),
    (400, {"path": f"/ipfs/{_CID}/%zz"}, "escape"),
    (400, {"path": f"/ipfs/{_CID}/%4"}, "escape"),
    (400, {"path": f"/ipfs/{_CID}/a%2Fb"}, "escaped /"),
    (400, {"path": f"/ipfs/{_CID}/" + "a" * 5_000}, "at most"),
    (400, {"path": f"/ipfs/{_CID}/a", "query": "format=raw"}, "no path"),
    (400, {"query": ""}, "Accept"),
    (400, {"query": "format=json"}, "raw or car"),
    (400, {"query": "format=tar", "accept": _RAW}, "raw or car"),
    (400, {"query": "format=raw&format=car"}, "more than once"),
    (400, {"query": "format=car&dag-scope=some"}, "block or entity or all"),
    (400, {"query": "format=car&car-dups=maybe"}, "y or n"),
    (400, {"query": "format=car&car-order=bfs"}, "dfs or unk"),
    (400, {"query": "format=car&car-version=2"}, "wants 1"),
    (400, {"query": "format=car&entity-bytes="}, "from:to"),
    (400, {"query": "format=car&entity-bytes=1"}, "from:to"),
    (400, {"query": "format=car&entity-bytes=*:1"}, "from:to"),
    (400, {"query": "format=car&entity-bytes=1:"}, "from:to"),
    (400, {"query": "format=car&entity-bytes=a:b"}, "from:to"),
    (400, {"query": "format=car&entity-bytes=1:2:3"}, "from:to"),
    (400, {"query": "format=car&entity-bytes=" + "9" * 5_000 + ":*"}, "from:to"),
    (400, {"query": "format=car&entity-bytes=5:3"}, "ends before"),
    (400, {"query": "format=car&entity-bytes=-3:-5"}, "ends before"),
    (400, {"query": 'format=raw&filename=a"b'}, "filename"),
    (405, {"method": "POST"}, "GET or HEAD"),
    (406, {"query": "", "accept": "text/html"}, "neither"),
    (406, {"query": "", "accept": "*/*"}, "neither"),
    (406, {"query": "", "accept": ""}, "neither"),
    (406, {"query": "", "accept": f"{_CAR}; version=2"}, "neither"),
    (406, {"query": "", "accept": f"{_RAW};q=0"}, "neither"),
    (406, {"query": "", "accept": f"{_RAW};q=nan"}, "neither"),
]


@pytest.mark.parametrize(("status", "request_parts", "why"), _BAD)
def test_a_request_that_is_wrong_in_itself_is_refused(status, request_parts, why):
    with pytest.raises(HttpRefusedError, match=why) as caught:
        _read(**request_parts)
    assert caught.value.status == status
    assert len(caught.value.what) < 400


def test_a_raw_request_takes_no_notice_of_what_is_for_car_files():
    query = _read(query="format=raw&dag-scope=x&entity-bytes=x&car-dups=x")
    assert (query.scope, query.part, query.has_repeats) == (Scope.BLOCK, None, False)


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("", ()),
        ('"a"', ('"a"',)),
        ('W/"a"', ('"a"',)),
        ('"a", W/"b,c" , "d"', ('"a"', '"b,c"', '"d"')),
        ("*", ("*",)),
        ("nonsense", ()),
    ],
)
def test_known_tags_are_compared_weakly(header, tags):
    assert _read(if_none_match=header).known_tags == tags


def test_only_if_cached_is_one_of_the_directives():
    assert _read(cache_control="no-cache, Only-If-Cached").only_if_cached
    assert not _read(cache_control="no-cache").only_if_cached


def test_what_decides_the_bytes_decides_the_canonical_text():
    texts = [
        _read(path=f"/ipfs/{_CID}{path}", query=f"format=car{query}").canonical()
        for path in ("", "/a", "/a/b")
        for query in (
            "",
            "&dag-scope=block",
            "&dag-scope=entity",
            "&entity-bytes=0:5",
            "&entity-bytes=0:*",
            "&car-dups=y",
        )
    ]
    assert len(set(texts)) == len(texts)
    assert _read(query="format=car&car-order=unk").canonical() == texts[0]


@given(
    st.text(max_size=30) | st.text(max_size=20).map(lambda text: f"/ipfs/{_V0}/{text}"),
    st.lists(
        st.tuples(
            st.sampled_from(["format", "dag-scope", "entity-bytes", "car-dups", "filename"]),
            st.sampled_from(["raw", "car", "all", "entity", "0:*", "y"]) | st.text(max_size=8),
        ),
        max_size=4,
    ),
    st.dictionaries(
        st.sampled_from(["accept", "if-none-match", "cache-control"]),
        st.text(max_size=20) | st.text(max_size=9).map(lambda text: f"{_CAR};{text}"),
    ),
)
def test_any_request_is_read_or_refused(path, query, headers):
    with suppress(HttpRefusedError):
        read_query(Request("GET", path, tuple(query), headers))
