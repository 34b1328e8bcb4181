"""A program: a little JSON-RPC server over a ledger of ours, in the place of another client.

    python tests/bench/fake_client.py PORT BEHAVIOUR

honest          a block for every transaction
later           no receipt at the first question
other-chain     says that it serves chain 1
lossy           takes transactions and forgets every third
failing         says that every transaction failed
garbled         answers in something else than JSON
dead            says why on stderr, and ends
"""

import json
import sys
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

from node.base.keccak import keccak256
from node.base.keys import MemoVerifier
from node.base.types import ZERO_ADDRESS, ZERO_HASH, Address
from node.bench.workload import CHAIN_ID, SIGNER, bench_genesis
from node.evm.blocks import BuildRequest
from node.evm.ledger import Ledger

LEDGER = Ledger(bench_genesis(), verifier=MemoVerifier())
REQUEST = BuildRequest(
    parent_hash=ZERO_HASH,
    timestamp=0,
    extra_data=bytes(97),
    coinbase=ZERO_ADDRESS,
    nonce=bytes(8),
    difficulty=2,
    mix_hash=ZERO_HASH,
    fee_recipient=SIGNER,
)
BEHAVIOUR = sys.argv[2]
ASKED: set[str] = set()
SEEN: list[str] = []


def send(raw: bytes) -> str:
    transaction_hash = f"0x{keccak256(raw).hex()}"
    SEEN.append(transaction_hash)
    if BEHAVIOUR != "lossy" or len(SEEN) % 3:
        head = LEDGER.head_hash
        request = replace(REQUEST, parent_hash=head, timestamp=LEDGER.head.timestamp + 5)
        built = LEDGER.build(request, [LEDGER.decode(raw)])
        if built.skipped:
            raise ValueError(str(built.skipped[0][1]))
        LEDGER.set_head(LEDGER.adopt(built.block, built.result))
    return transaction_hash


def receipt(transaction_hash: str) -> dict[str, str] | None:
    if BEHAVIOUR == "later" and transaction_hash not in ASKED:
        ASKED.add(transaction_hash)
        return None
    return {"status": "0x0" if BEHAVIOUR == "failing" else "0x1"}


def call(to: str, data: str) -> str:
    return f"0x{LEDGER.call(Address(unhex(to)), unhex(data)).hex()}"


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


METHODS = {
    "eth_chainId": lambda: hex(1 if BEHAVIOUR == "other-chain" else CHAIN_ID),
    "eth_sendRawTransaction": lambda raw: send(unhex(raw)),
    "eth_getTransactionReceipt": receipt,
    "eth_getTransactionCount": lambda who, _: hex(LEDGER.state().nonce(Address(unhex(who)))),
    "eth_call": lambda message, _: call(message["to"], message["data"]),
}


def answer(request: dict) -> dict:
    head = {"jsonrpc": "2.0", "id": request["id"]}
    try:
        return head | {"result": METHODS[request["method"]](*request["params"])}
    except (ValueError, KeyError) as error:
        return head | {"error": {"code": -32000, "message": str(error)}}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # two small packets and a delayed acknowledgement would cost 40 ms each
    wbufsize = -1

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        many = isinstance(message, list)
        # answers of a batch may stand in any order
        told = [answer(each) for each in message][::-1] if many else answer(message)
        body = b"<html>" if BEHAVIOUR == "garbled" else json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    if BEHAVIOUR == "dead":
        sys.exit("the licence has run out")
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
