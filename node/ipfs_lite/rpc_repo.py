"""``repo/gc``, ``repo/stat``, ``repo/verify``, ``version``: the store as a whole (section 16)."""

from collections.abc import Iterator
from typing import Final

from node.base.types import Cid
from node.ipfs_lite.cid import to_text
from node.ipfs_lite.errors import HttpRefusedError
from node.ipfs_lite.http import Request, Response
from node.ipfs_lite.rpc_answers import Backend, Line, document, streamed
from node.ipfs_lite.rpc_params import Kind, Params, Takes

COLLECT: Final[Takes] = {"stream-errors": Kind.FLAG, "quiet": Kind.FLAG, "silent": Kind.FLAG}
STAT: Final[Takes] = {"size-only": Kind.FLAG, "human": Kind.FLAG}
VERIFY: Final[Takes] = {"drop": Kind.FLAG, "heal": Kind.FLAG, "heal-timeout": Kind.TEXT}
VERSION: Final[Takes] = {
    "number": Kind.FLAG,
    "commit": Kind.FLAG,
    "repo": Kind.FLAG,
    "all": Kind.FLAG,
}

_RAW_CID_HEAD: Final = b"\x01\x55"
_STORE_VERSION: Final = "wardnet-store@1"
_SOUND: Final = "verify complete, all blocks validated."


def collect(backend: Backend, params: Params, _request: Request) -> Response:
    """Delete what nothing holds; a block is named by its multihash as a raw CIDv1."""
    is_silent = params.flags.get("silent", False)

    def lines() -> Iterator[Line]:
        for multihash in backend.store.collect(now_s=backend.now_s()):
            if not is_silent:
                yield {"Key": {"/": _text(multihash)}}

    return streamed(lines())


def stat(backend: Backend, params: Params, _request: Request) -> Response:
    """Say how much is here."""
    size, size_max = backend.usage()
    counted = 0 if params.flags.get("size-only") else backend.store.count()
    return document(
        {
            "RepoSize": size,
            "StorageMax": size_max,
            "NumObjects": counted,
            "RepoPath": backend.name,
            "Version": _STORE_VERSION,
        }
    )


def verify(backend: Backend, params: Params, _request: Request) -> Response:
    """Hash every block; ``drop`` takes the corrupt ones out."""
    if params.flags.get("heal") or "heal-timeout" in params.texts:
        raise HttpRefusedError(400, "heal needs other nodes to fetch from, this server has none")
    is_dropped = params.flags.get("drop", False)

    def lines() -> Iterator[Line]:
        corrupt = 0
        for problem in backend.store.verify():
            corrupt += 1
            ending = ""
            if not problem.multihash:  # the index, or a file of no block
                yield {"Msg": problem.what, "Progress": 0}
                continue
            if is_dropped and backend.store.delete(_raw(problem.multihash)):
                ending = ", removed"
            message = f"block {_text(problem.multihash)} is corrupt: {problem.what}{ending}"
            yield {"Msg": message, "Progress": 0}
        said = f"verify complete, {corrupt} problems were found." if corrupt else _SOUND
        yield {"Msg": said, "Progress": backend.store.count()}

    return streamed(lines())


def version(backend: Backend, _params: Params, _request: Request) -> Response:
    """Say what answers here; clients ask before anything else."""
    return document(
        {"Version": backend.version, "Commit": "", "Repo": "1", "System": "", "Golang": ""}
    )


def _raw(multihash: bytes) -> Cid:
    return Cid(_RAW_CID_HEAD + multihash)


def _text(multihash: bytes) -> str:
    return to_text(_raw(multihash))
