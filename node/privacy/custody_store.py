"""Where a custodian keeps what must survive, and a form of it in memory.

Every method is one transaction: a store on disk makes it durable before it returns.  Deleting
means that the bytes are gone, not only unlinked (secret-sharing.md section 8, last trap).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from node.privacy.release_messages import Receipt, Request, Status


@dataclass(frozen=True, slots=True, repr=False)
class Holding:
    """One deal in custody: the manifest and the own container, encoded."""

    manifest: bytes
    share: bytes

    def __repr__(self) -> str:
        return f"Holding(manifest of {len(self.manifest)} bytes)"


class CustodyStore(Protocol):
    """Deals, deposits, steps, receipts and nonces of one custodian."""

    def holding(self, deal_id: bytes) -> Holding | None:
        """Give a deal, None if it is not held."""
        ...

    def deals(self) -> tuple[bytes, ...]:
        """Give the id of every deal, sorted."""
        ...

    def put_holding(self, deal_id: bytes, holding: Holding) -> None:
        """Keep a new deal."""
        ...

    def grant_share(self, grant_id: bytes, deal_id: bytes) -> bytes | None:
        """Give a deposited container of kind 3."""
        ...

    def deposits(self) -> tuple[tuple[bytes, bytes], ...]:
        """Give (grant_id, deal_id) of every deposit, sorted."""
        ...

    def put_deposit(self, grant_id: bytes, deal_id: bytes, grant_share: bytes, step: bytes) -> None:
        """Keep a grant share, and its step behind the steps of the deal."""
        ...

    def delete_grant_share(self, grant_id: bytes, deal_id: bytes) -> None:
        """Destroy a grant share; its step stays."""
        ...

    def steps(self, deal_id: bytes) -> tuple[bytes, ...]:
        """Give the unspent steps of a deal, the next one first."""
        ...

    def advance(
        self, deal_id: bytes, holding: Holding, grant_shares: Mapping[bytes, bytes]
    ) -> None:
        """Replace the share and the grant shares (by grant_id), and destroy the first step."""
        ...

    def append_receipt(self, receipt: Receipt, request: Request, *, is_nonce_spent: bool) -> None:
        """Keep a receipt at the end of the chain, and the request's nonce if it is spent."""
        ...

    def last_receipt(self) -> Receipt | None:
        """Give the latest receipt."""
        ...

    def receipts(self) -> tuple[Receipt, ...]:
        """Give the whole chain."""
        ...

    def releases(self, grant_id: bytes) -> int:
        """Give the number of receipts of this grant that released."""
        ...

    def is_nonce_seen(self, grant_id: bytes, nonce: bytes) -> bool:
        """Say whether a nonce is kept."""
        ...

    def nonces(self) -> int:
        """Give the number of nonces kept."""
        ...

    def forget_nonces(self, below_head: int) -> None:
        """Drop nonces of requests whose head number lies below: rule 4 refuses those anyway."""
        ...


class MemoryStore:
    """A ``CustodyStore`` that lasts as long as the process: simulations and tests."""

    def __init__(self) -> None:
        self._holdings: dict[bytes, Holding] = {}
        self._grant_shares: dict[tuple[bytes, bytes], bytes] = {}
        self._steps: dict[bytes, list[bytes]] = {}
        self._receipts: list[Receipt] = []
        self._releases: dict[bytes, int] = {}
        self._nonces: dict[tuple[bytes, bytes], int] = {}

    def holding(self, deal_id: bytes) -> Holding | None:
        """Give a deal, None if it is not held."""
        return self._holdings.get(deal_id)

    def deals(self) -> tuple[bytes, ...]:
        """Give the id of every deal."""
        return tuple(sorted(self._holdings))

    def put_holding(self, deal_id: bytes, holding: Holding) -> None:
        """Keep a new deal."""
        self._holdings[deal_id] = holding

    def grant_share(self, grant_id: bytes, deal_id: bytes) -> bytes | None:
        """Give a deposited container of kind 3."""
        return self._grant_shares.get((grant_id, deal_id))

    def deposits(self) -> tuple[tuple[bytes, bytes], ...]:
        """Give (grant_id, deal_id) of every deposit, sorted."""
        return tuple(sorted(self._grant_shares))

    def put_deposit(self, grant_id: bytes, deal_id: bytes, grant_share: bytes, step: bytes) -> None:
        """Keep a grant share, and its step behind the steps of the deal."""
        self._grant_shares[grant_id, deal_id] = grant_share
        self._steps.setdefault(deal_id, []).append(step)

    def delete_grant_share(self, grant_id: bytes, deal_id: bytes) -> None:
        """Destroy a grant share; its step stays."""
        del self._grant_shares[grant_id, deal_id]

    def steps(self, deal_id: bytes) -> tuple[bytes, ...]:
        """Give the unspent steps of a deal, the next one first."""
        return tuple(self._steps.get(deal_id, ()))

    def advance(
        self, deal_id: bytes, holding: Holding, grant_shares: Mapping[bytes, bytes]
    ) -> None:
        """Replace the share and the grant shares (by grant_id), and destroy the first step."""
        self._holdings[deal_id] = holding
        for grant_id, grant_share in grant_shares.items():
            self._grant_shares[grant_id, deal_id] = grant_share
        del self._steps[deal_id][0]

    def append_receipt(self, receipt: Receipt, request: Request, *, is_nonce_spent: bool) -> None:
        """Keep a receipt at the end of the chain, and the request's nonce if it is spent."""
        self._receipts.append(receipt)
        if receipt.status is Status.RELEASED:
            self._releases[receipt.grant_id] = self.releases(receipt.grant_id) + 1
        if is_nonce_spent:
            self._nonces[request.grant_id, request.nonce] = request.head_number

    def last_receipt(self) -> Receipt | None:
        """Give the latest receipt."""
        return self._receipts[-1] if self._receipts else None

    def receipts(self) -> tuple[Receipt, ...]:
        """Give the whole chain."""
        return tuple(self._receipts)

    def releases(self, grant_id: bytes) -> int:
        """Give the number of receipts of this grant that released."""
        return self._releases.get(grant_id, 0)

    def is_nonce_seen(self, grant_id: bytes, nonce: bytes) -> bool:
        """Say whether a nonce is kept."""
        return (grant_id, nonce) in self._nonces

    def nonces(self) -> int:
        """Give the number of nonces kept."""
        return len(self._nonces)

    def forget_nonces(self, below_head: int) -> None:
        """Drop nonces of requests whose head number lies below: rule 4 refuses those anyway."""
        self._nonces = {key: head for key, head in self._nonces.items() if head >= below_head}
