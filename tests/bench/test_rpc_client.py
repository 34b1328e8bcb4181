import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from node.bench.errors import CandidateFaultError
from node.bench.rpc_client import RpcClient

pytestmark = pytest.mark.net


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    connections: set[Any]
    reply: Any

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).connections.add(self.client_address)
        reply = type(self).reply(message)
        body = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def result(message: dict) -> dict:
    return {"jsonrpc": "2.0", "id": message["id"], "result": [message["method"], message["params"]]}


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    Echo.connections = set()
    Echo.reply = staticmethod(result)
    with HTTPServer(("127.0.0.1", 0), Echo) as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def test_call_gives_the_result(server: HTTPServer) -> None:
    with RpcClient("echo", server.server_port) as rpc:
        assert rpc.call("add", 1, 2) == ["add", [1, 2]]


def test_calls_share_one_connection(server: HTTPServer) -> None:
    with RpcClient("echo", server.server_port) as rpc:
        for number in range(5):
            rpc.call("count", number)
    assert len(Echo.connections) == 1


def test_results_of_a_batch_stand_in_the_order_of_its_calls(server: HTTPServer) -> None:
    Echo.reply = staticmethod(lambda messages: [result(each) for each in reversed(messages)])
    with RpcClient("echo", server.server_port) as rpc:
        assert rpc.batch([("a", [1]), ("b", [2])]) == [["a", [1]], ["b", [2]]]


@pytest.mark.parametrize(
    "reply",
    [
        lambda message: {
            "id": message["id"],
            "error": {"code": -32000, "message": "nonce too low"},
        },
        lambda message: [],
        lambda message: None,
        lambda message: b"<html>",
        lambda message: b"",
    ],
)
def test_answer_without_result_is_a_fault_of_the_server(server: HTTPServer, reply: Any) -> None:
    Echo.reply = staticmethod(reply)
    with RpcClient("echo", server.server_port) as rpc, pytest.raises(CandidateFaultError):
        rpc.call("send")


def test_fault_carries_what_the_server_said(server: HTTPServer) -> None:
    Echo.reply = staticmethod(lambda message: {"error": {"message": "nonce too low"}})
    said = 'echo: send: {"message": "nonce too low"}'
    with (
        RpcClient("echo", server.server_port) as rpc,
        pytest.raises(CandidateFaultError, match=f"^{said}$"),
    ):
        rpc.call("send")


@pytest.mark.parametrize(
    "reply",
    [
        lambda messages: [result(messages[0])],
        lambda messages: result(messages[0]),
        lambda messages: [result(messages[0])] * 2,
    ],
)
def test_batch_that_is_not_fully_answered_is_a_fault(server: HTTPServer, reply: Any) -> None:
    Echo.reply = staticmethod(reply)
    with RpcClient("echo", server.server_port) as rpc, pytest.raises(CandidateFaultError):
        rpc.batch([("a", []), ("b", [])])


def test_no_server_is_an_error_of_the_system(server: HTTPServer) -> None:
    port = server.server_port + 1 if server.server_port < 65_535 else 1
    with RpcClient("nobody", port) as rpc, pytest.raises(OSError, match="refused"):
        rpc.call("send")
