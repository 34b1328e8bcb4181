"""``wardnet store serve``: a store over HTTP, for IPFS clients on this machine.

Exit 0: stopped by Ctrl-C or SIGTERM.  2: an address, the token file.  3: the store.
"""

import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.base.errors import UsageError
from node.base.limits import TOKEN_BYTES_MAX
from node.base.rng import SystemEntropy
from node.commands import output, store_dir
from node.commands.store_dir import Data

if TYPE_CHECKING:
    from node.ipfs_lite.blocks import BlockClass
    from node.ipfs_lite.hybrid import HybridStore
    from node.ipfs_lite.rpc_answers import Backend

_SESSION_BYTES = 8


def serve(
    *,
    data: Data,
    gateway: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Trustless gateway, below /ipfs; port 0: any.")
    ] = "127.0.0.1:8080",
    api: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="RPC as kubo's, below /api/v0; loopback only.")
    ] = "127.0.0.1:5001",
    klass: Annotated[
        str | None,
        typer.Option(
            "--class",
            metavar="CLASS",
            help="sealed or public: the class of uploads that name none; else they are refused.",
        ),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="One line that every request has to carry as Bearer."),
    ] = None,
    expose: Annotated[
        bool,
        typer.Option("--expose", help="Let the gateway leave loopback: public blocks, a token."),
    ] = False,
) -> None:
    """Serve a store over HTTP until Ctrl-C: a gateway to read from, an RPC to add to.

    Prints one line, a JSON object with both base URLs, once both listen: blocks stand below
    /ipfs of the gateway, calls below /api/v0 of the API.
    """
    from node.base.log import configure
    from node.rpc.service import run
    from node.rpc.store_sites import api_site, gateway_site, parse_address

    default_class = None if klass is None else store_dir.block_class(klass)
    where, api_where = parse_address(gateway, "--gateway"), parse_address(api, "--api")
    token = None if token_file is None else _read_token(token_file)
    if expose and token is None:
        raise UsageError("--expose: wants --token-file too")
    if expose and not where.is_loopback:
        output.talk(f"warning: with the token, other machines can read public blocks at {gateway}")
    configure()
    with closing(store_dir.open_dir(data)) as store:
        sites = (
            gateway_site(store, where, token=token, is_exposed=expose),
            api_site(_backend(store, default_class), api_where, token=token),
        )
        run(sites, _announce)


def _announce(urls: tuple[str, ...]) -> None:
    output.say(json.dumps({"gateway": urls[0], "api": urls[1]}))


def _backend(store: "HybridStore", default_class: "BlockClass | None") -> "Backend":
    from importlib.metadata import version

    from node.ipfs_lite.rpc_answers import Backend

    def usage() -> tuple[int, int]:
        stat = store.stat()
        return stat.bytes, stat.bytes_max

    return Backend(
        store,
        now_s=store_dir.now_s,
        # guards outlive a process, so a counter would meet the sessions of the one before
        new_session=lambda: f"rpc-{SystemEntropy().take(_SESSION_BYTES).hex()}",
        usage=usage,
        name=store.stat().store_id or "wardnet",
        default_class=default_class,
        version=version("wardnet"),
    )


def _read_token(path: Path) -> bytes:
    from node.rpc.guard import parse_token

    try:
        with path.open("rb") as file:
            text = file.read(TOKEN_BYTES_MAX + 2)
    except OSError as error:
        raise UsageError(f"--token-file {path}: {error.strerror}") from error
    return parse_token(text, f"--token-file {path}")
