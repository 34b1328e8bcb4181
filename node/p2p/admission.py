"""Whether a peer's Hello lets it in (network.md, section 4, step 3).

Certificates, revocation and the registry are judged elsewhere; what stands here needs no more
than the frame itself and the identity that the connection has proved.
"""

from dataclasses import dataclass
from typing import Final

from node.base.types import Address, Hash32
from node.p2p.messages import Hello, Reason

VERSION: Final = 1
"""ward/1."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a peer is not let in."""

    reason: Reason
    why: str


def judge_hello(
    hello: Hello, *, network_id: int, genesis: Hash32, own: Address, proved: Address
) -> Refusal | None:
    """Compare a Hello with our chain and with the identity behind it; None lets it in.

    ``proved``    the address that the connection belongs to: never the Hello's own word for it.
    """
    if VERSION not in hello.versions:
        return Refusal(Reason.INCOMPATIBLE, f"versions {hello.versions}, wants {VERSION}")
    if hello.network_id != network_id:
        return Refusal(Reason.INCOMPATIBLE, f"network {hello.network_id}, wants {network_id}")
    if hello.genesis != genesis:
        why = f"genesis 0x{hello.genesis.hex()}, wants 0x{genesis.hex()}"
        return Refusal(Reason.INCOMPATIBLE, why)
    if hello.address == own:
        return Refusal(Reason.SELF, "our own address")
    if hello.address != proved:
        why = f"says 0x{hello.address.hex()}, is 0x{proved.hex()}"
        return Refusal(Reason.UNEXPECTED_IDENTITY, why)
    return None
