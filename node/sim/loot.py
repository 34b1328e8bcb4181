"""What thieves of a run have: copies of shares as they were at the moment of the theft."""

from dataclasses import dataclass, field

from node.base.keys import PrivateKey
from node.privacy.wallet import Wallet
from node.sss.shares import Container


@dataclass(frozen=True, slots=True)
class OldAccount:
    """Keys that a patient has no more, and whoever found them has."""

    signer: PrivateKey
    wallet: Wallet


@dataclass(slots=True)
class Loot:
    """All that was copied, the latest copy of each."""

    essentials: dict[bytes, Container] = field(default_factory=dict[bytes, Container])
    """Essential shares by deal; not the master that later ones follow from."""
    shares: dict[tuple[bytes, str], bytes] = field(default_factory=dict[tuple[bytes, str], bytes])
    """Custodians' containers by deal and node."""
    accounts: dict[str, OldAccount] = field(default_factory=dict[str, OldAccount])
    """Lost wallets by patient."""
