"""A block store as two sites: the gateway below ``/ipfs``, the RPC below ``/api/v0``."""

from functools import partial
from ipaddress import ip_address
from typing import Final, NamedTuple

from node.base.errors import ConfigError
from node.base.types import Address, Cid
from node.ipfs_lite import rpcapi
from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.blockstore import BlockReader
from node.ipfs_lite.errors import NotFoundError
from node.ipfs_lite.gateway import Gateway
from node.ipfs_lite.http import Request, Response
from node.ipfs_lite.rpc_answers import Backend
from node.rpc.guard import LOOPBACK_HOSTS, Guard
from node.rpc.mount import Site

GATEWAY_PREFIX: Final = "/ipfs"
_NOBODY: Final = Address(bytes(20))
"""Whoever asks over a socket without a certificate."""
_RAW_CID_HEAD: Final = b"\x01\x55"


class HostPort(NamedTuple):
    """Where to listen."""

    host: str
    """An IP address."""
    port: int

    @property
    def is_loopback(self) -> bool:
        """Say whether only this machine can reach it."""
        return ip_address(self.host).is_loopback


def parse_address(text: str, option: str) -> HostPort:
    """Read ``127.0.0.1:8080`` or ``[::1]:0``; port 0 lets the system choose.

    raises        ConfigError: no IP address, no port; names the option.
    """
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    try:
        ip_address("127.0.0.1" if host == "localhost" else host)
        number = int(port) if port.isascii() and port.isdigit() else -1
    except ValueError:
        number = -1
    if not 0 <= number <= 65_535:
        raise ConfigError(f"{option} {text}: wants an IP address and a port, 127.0.0.1:8080")
    return HostPort("127.0.0.1" if host == "localhost" else host, number)


def gateway_site(
    store: BlockReader, address: HostPort, *, token: bytes | None = None, is_exposed: bool = False
) -> Site:
    """Give the gateway of a store.

    On loopback, whoever uses this machine reads all of it.  Beyond it there is no certificate that
    would say who asks, so only blocks of the class public are there; the rest is not found.
    raises        ConfigError: an address beyond loopback that is not said to be meant.
    """
    if not address.is_loopback and not is_exposed:
        raise ConfigError(
            f"{address.host} can be reached from other machines: pass --expose if that is meant"
        )
    gateway = Gateway(store, partial(_may_read, store, is_exposed=not address.is_loopback))
    guard = Guard(LOOPBACK_HOSTS, is_exposed=not address.is_loopback, token=token)
    return Site(*address, GATEWAY_PREFIX, partial(_as_nobody, gateway), guard)


def api_site(backend: Backend, address: HostPort, *, token: bytes | None = None) -> Site:
    """Give the RPC of a store.

    raises        ConfigError: an address beyond loopback; there is no option that allows it.
    """
    if not address.is_loopback:
        raise ConfigError(f"the RPC listens on loopback only, not on {address.host}")
    return Site(*address, rpcapi.PREFIX, partial(rpcapi.handle, backend), Guard(token=token))


def _as_nobody(gateway: Gateway, request: Request) -> Response:
    return gateway.handle(request, _NOBODY)


def _may_read(store: BlockReader, _peer: Address, multihash: bytes, *, is_exposed: bool) -> bool:
    if not is_exposed:
        return True
    try:
        return store.class_of(Cid(_RAW_CID_HEAD + multihash)) is BlockClass.PUBLIC
    except NotFoundError:
        return False
