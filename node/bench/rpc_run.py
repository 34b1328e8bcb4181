"""Runs the workload against a server: what the server spends, whatever its client does.

send        one eth_sendRawTransaction after the other, then wait until all are in the chain
receipt     each one is asked for its receipt before the next is sent
batch       100 of them in one message
blocks      as send, to a server that makes one block a second: wall time says nothing then
"""

import time
from collections.abc import Sequence
from typing import Final

from node.base.types import Address
from node.bench.errors import CandidateFaultError
from node.bench.measured import Measured
from node.bench.rpc_client import RpcClient
from node.bench.servers import Client, running
from node.bench.tree_cpu import group_cpu_s
from node.bench.workload import SENDER, Workload, digest

RPC_MODES: Final = ("send", "receipt", "batch", "blocks")
BATCH_CALLS: Final = 100
BLOCK_SECONDS: Final = 1
STALL_SECONDS_MAX: Final = 60
"""So long nothing of what was sent came into the chain."""
_POLL_S: Final = 0.01


def measure(client: Client, mode: str, work: Workload) -> Measured:
    """Start a server, run the workload, end the server.

    raises        CandidateFaultError: it refuses a transaction, or loses one.
    """
    block_s = BLOCK_SECONDS if mode == "blocks" else 0
    with running(client, block_s) as server, RpcClient(server.name, server.port) as rpc:
        for raw in work.deployments:
            _await_receipt(rpc, client.name, rpc.call("eth_sendRawTransaction", _hex(raw)))
        words = [_hex(raw) for raw in work.calls]
        wall_s, cpu_s = time.monotonic(), group_cpu_s(server.group)
        _SENDERS[mode](rpc, client.name, words)
        _await_nonce(rpc, client.name, len(work.deployments) + len(words))
        spent_s = _difference(group_cpu_s(server.group), cpu_s)
        wall_s = time.monotonic() - wall_s

        def read(to: Address, data: bytes) -> bytes:
            return _read(rpc, to, data)

        return Measured(
            transactions=len(words),
            cpu_us_per_tx=None if spent_s is None else spent_s * 1e6 / len(words),
            wall_us_per_tx=wall_s * 1e6 / len(words),
            digest=digest(len(words), read).hex(),
        )


def _send(rpc: RpcClient, name: str, words: Sequence[str]) -> None:
    del name
    for word in words:
        rpc.call("eth_sendRawTransaction", word)


def _send_and_ask(rpc: RpcClient, name: str, words: Sequence[str]) -> None:
    for word in words:
        _await_receipt(rpc, name, rpc.call("eth_sendRawTransaction", word))


def _send_batches(rpc: RpcClient, name: str, words: Sequence[str]) -> None:
    del name
    for first in range(0, len(words), BATCH_CALLS):
        group = words[first : first + BATCH_CALLS]
        rpc.batch([("eth_sendRawTransaction", [word]) for word in group])


_SENDERS: Final = {
    "send": _send,
    "receipt": _send_and_ask,
    "batch": _send_batches,
    "blocks": _send,  # hardhat loses transactions when a block falls into a batch
}


def _await_receipt(rpc: RpcClient, name: str, transaction_hash: str) -> None:
    deadline_s = time.monotonic() + STALL_SECONDS_MAX
    while (receipt := rpc.call("eth_getTransactionReceipt", transaction_hash)) is None:
        if time.monotonic() > deadline_s:
            raise CandidateFaultError(name, f"no receipt of {transaction_hash}")
        time.sleep(_POLL_S)
    if int(receipt["status"], 16) != 1:
        raise CandidateFaultError(name, f"the transaction {transaction_hash} failed")


def _await_nonce(rpc: RpcClient, name: str, wants: int) -> None:
    before, deadline_s = 0, 0.0
    while (nonce := _nonce(rpc)) != wants:
        if nonce != before:
            before, deadline_s = nonce, time.monotonic() + STALL_SECONDS_MAX
        if time.monotonic() > deadline_s:
            raise CandidateFaultError(name, f"took {nonce} of {wants} transactions")
        time.sleep(_POLL_S)


def _nonce(rpc: RpcClient) -> int:
    return int(rpc.call("eth_getTransactionCount", _hex(SENDER.address), "latest"), 16)


def _read(rpc: RpcClient, to: Address, data: bytes) -> bytes:
    call = {"to": _hex(to), "data": _hex(data)}
    return bytes.fromhex(str(rpc.call("eth_call", call, "latest")).removeprefix("0x"))


def _difference(after_s: float | None, before_s: float | None) -> float | None:
    return None if after_s is None or before_s is None else after_s - before_s


def _hex(data: bytes) -> str:
    return f"0x{data.hex()}"
