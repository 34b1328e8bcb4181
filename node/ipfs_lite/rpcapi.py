"""The RPC of a block store, as kubo's clients speak it: ``POST /api/v0/<call>`` (section 16).

Pure: a request comes in, an answer goes out, whatever server carries them.
"""

from difflib import get_close_matches
from typing import Final, NamedTuple

from node.base.errors import WardnetError
from node.base.limits import RPC_ARGUMENTS_COUNT_MAX
from node.ipfs_lite import rpc_add, rpc_blocks, rpc_dag, rpc_pins, rpc_repo
from node.ipfs_lite.http import Request, Response
from node.ipfs_lite.rpc_answers import Backend, Run, failure, refusal
from node.ipfs_lite.rpc_params import NOTHING, Takes, read_params

PREFIX: Final = "/api/v0"


class Call(NamedTuple):
    """One call: what it does, what it takes, how many arguments it needs."""

    run: Run
    takes: Takes = NOTHING
    least: int = 0
    most: int = 0


_MANY: Final = RPC_ARGUMENTS_COUNT_MAX
CALLS: Final = {
    "add": Call(rpc_add.add, rpc_add.ADD),
    "block/get": Call(rpc_blocks.get, NOTHING, 1, 1),
    "block/put": Call(rpc_blocks.put, rpc_blocks.PUT),
    "block/rm": Call(rpc_blocks.remove, rpc_blocks.REMOVE, 1, _MANY),
    "block/stat": Call(rpc_blocks.stat, NOTHING, 1, 1),
    "cat": Call(rpc_dag.cat, rpc_dag.CAT, 1, 1),
    "dag/export": Call(rpc_dag.export_dag, rpc_dag.EXPORT, 1, 1),
    "dag/import": Call(rpc_dag.import_dag, rpc_dag.IMPORT),
    "ls": Call(rpc_dag.list_links, rpc_dag.LIST, 1, _MANY),
    "pin/add": Call(rpc_pins.add, rpc_pins.ADD, 1, _MANY),
    "pin/ls": Call(rpc_pins.list_pins, rpc_pins.LIST, 0, _MANY),
    "pin/rm": Call(rpc_pins.remove, rpc_pins.REMOVE, 1, _MANY),
    "repo/gc": Call(rpc_repo.collect, rpc_repo.COLLECT),
    "repo/stat": Call(rpc_repo.stat, rpc_repo.STAT),
    "repo/verify": Call(rpc_repo.verify, rpc_repo.VERIFY),
    "version": Call(rpc_repo.version, rpc_repo.VERSION),
}


def handle(backend: Backend, request: Request) -> Response:
    """Answer one request; what is wrong with it, or with the store, is an answer too."""
    if request.method != "POST":
        return refusal(405, "calls are made with POST", (("Allow", "POST"),))
    name = request.path.removeprefix(PREFIX).strip("/")
    call = CALLS.get(name)
    if call is None:
        close = get_close_matches(name[:80], CALLS, n=1)
        meant = f", did you mean {close[0]!r}?" if close else ""
        return refusal(404, f"there is no call {name[:80]!r} here{meant}")
    try:
        params = read_params(request.query, call.takes, (call.least, call.most))
        return call.run(backend, params, request)
    except WardnetError as error:
        return failure(error)
