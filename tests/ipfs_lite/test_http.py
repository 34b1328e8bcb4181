from node.ipfs_lite.http import Request, Response


def test_a_request_without_headers_has_none():
    assert dict(Request("GET", "/ipfs/x").headers) == {}


def test_an_answer_without_a_body_is_empty():
    assert b"".join(Response(404).body) == b""
