"""A store in memory behind the RPC handlers, and forms as clients send them."""

import json
from collections.abc import Iterable
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.http import Request, Response
from node.ipfs_lite.memory_store import MemoryStore
from node.ipfs_lite.rpc_answers import Backend
from node.ipfs_lite.rpcapi import handle

BOUNDARY = "------------------------d74496d66958873e"
FILE = "application/octet-stream"
FOLDER = "application/x-directory"
SYMLINK = "application/symlink"


def form(*parts: tuple[str | None, bytes, str]) -> bytes:
    """Give a form of (file name as sent, bytes, content type)."""
    out = b""
    for name, data, kind in parts:
        shown = "" if name is None else f'; filename="{name}"'
        out += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"{shown}\r\n'.encode()
        out += f"Content-Type: {kind}\r\n\r\n".encode() + data + b"\r\n"
    return out + f"--{BOUNDARY}--\r\n".encode()


def files(**contents: bytes) -> bytes:
    """Give a form of plain files."""
    return form(*((name, data, FILE) for name, data in contents.items()))


def post(path: str, body: Iterable[bytes] = (), method: str = "POST") -> Request:
    """Give a request with a form as its body."""
    target, _, query = path.partition("?")
    pairs = tuple(parse_qsl(query, keep_blank_values=True))
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    return Request(method, f"/api/v0/{target}", pairs, headers, body)


class Rpc:
    """A store with calls; the clock stands at ``now_s``."""

    def __init__(self, default_class: BlockClass | None = BlockClass.PUBLIC) -> None:
        self.store = MemoryStore()
        self.now_s = 1_000
        sessions = count()
        self.backend = Backend(
            self.store,
            now_s=lambda: self.now_s,
            new_session=lambda: f"s{next(sessions)}",
            usage=lambda: (7, 100),
            name="ward-store",
            default_class=default_class,
            version="0.1.0",
        )

    def answer(self, path: str, body: bytes | Iterable[bytes] = b"") -> Response:
        """Make a call."""
        pieces = (body,) if isinstance(body, bytes) else body
        return handle(self.backend, post(path, pieces))

    def got(self, path: str, body: bytes = b"") -> bytes:
        """Make a call that succeeds; give its bytes."""
        response = self.answer(path, body)
        got = b"".join(response.body)
        assert response.status == 200, got
        return got

    def lines(self, path: str, body: bytes = b"") -> list[dict[str, Any]]:
        """Make a call that succeeds; give its JSON objects."""
        return [json.loads(line) for line in self.got(path, body).splitlines()]

    def refused(self, path: str, body: bytes | Iterable[bytes] = b"") -> tuple[int, str]:
        """Make a call that fails; give status and sentence."""
        response = self.answer(path, body)
        error = json.loads(b"".join(response.body))
        assert (error["Code"], error["Type"]) == (0, "error")
        return response.status, error["Message"]

    def add(self, data: bytes, options: str = "") -> str:
        """Add a file; give its CID."""
        return str(self.lines(f"add?{options}", files(x=data))[0]["Hash"])
