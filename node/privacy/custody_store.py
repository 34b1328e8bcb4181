"""Where a custodian keeps what must survive, and a form of it in memory.

Every method is one transaction: a store on disk makes it durable before it returns.  Deleting
means that the bytes are gone, not only unlinked (secret-sharing.md section 8, last trap).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from node.base.types import Address
from node.privacy.release_messages import Receipt, Request, Status


@dataclass(frozen=True, slots=True, repr=False)
class Holding:
    """One deal in custody: the manifest and the own container, encoded."""

    manifest: bytes
    share: bytes

    def __repr__(self) -> str:
        return f"Holding(manifest of {len(self.manifest)} bytes)"


class CustodyStore(Protocol):
    """Deals, deposits, steps, receipts, nonces and entrusted shares of one custodian."""

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

    def grants_of(self, deal_id: bytes) -> tuple[bytes, ...]:
        """Give the grant ids of a deal's deposits, sorted."""
        ...

    def put_deposit(self, grant_id: bytes, deal_id: bytes, grant_share: bytes, step: bytes) -> None:
        """Keep a grant share instead of the grant's older one, and its step behind the steps."""
        ...

    def delete_grant_share(self, grant_id: bytes, deal_id: bytes) -> None:
        """Destroy a grant share; its step stays."""
        ...

    def steps(self, deal_id: bytes) -> tuple[bytes, ...]:
        """Give the unspent steps of a deal, the next one first."""
        ...

    def renewal(self, deal_id: bytes) -> bytes | None:
        """Give the digest of the last renewal of a deal, None if there was none."""
        ...

    def rewrite(
        self,
        deal_id: bytes,
        holding: Holding,
        *,
        grant_shares: Mapping[bytes, bytes],
        steps: Sequence[bytes],
        renewal: bytes | None,
    ) -> None:
        """Replace all that is kept of a deal: what is not named here is destroyed.

        ``grant_shares``  by grant_id.  ``steps``  the next one first.
        A deal that is not held yet is held afterwards.
        """
        ...

    def delete_deal(self, deal_id: bytes) -> int:
        """Destroy all that is kept of a deal; give the number of objects: shares and steps."""
        ...

    def is_clear_of(self, deal_id: bytes) -> bool:
        """Read again and say whether no object of a deal is left; receipts are none."""
        ...

    def entrusted(self, patient: Address) -> bytes | None:
        """Give the container of kind 5 that a patient left here."""
        ...

    def put_entrusted(self, patient: Address, container: bytes) -> None:
        """Keep a container of kind 5 instead of the patient's older one."""
        ...

    def delete_entrusted(self, patient: Address) -> None:
        """Destroy a patient's container of kind 5, if there is one."""
        ...

    def put_certificate(self, deal_id: bytes, certificate: bytes) -> None:
        """Keep the certificate that nothing of a deal is left here."""
        ...

    def certificates(self) -> tuple[bytes, ...]:
        """Give every certificate of erasure, in the order of the deals' ids."""
        ...

    def append_receipt(self, receipt: Receipt, request: Request, *, is_nonce_spent: bool) -> None:
        """Keep a receipt at the end of the chain, and the request's nonce if it is spent."""
        ...

    def last_receipt(self) -> Receipt | None:
        """Give the latest receipt."""
        ...

    def receipts(self, first: int = 0, count: int = -1) -> tuple[Receipt, ...]:
        """Give the chain from a sequence number on: all of it, or at most ``count`` >= 0."""
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
        self._deals: tuple[bytes, ...] | None = ()
        """Their ids, sorted; None: another deal came or went since."""
        self._grant_shares: dict[tuple[bytes, bytes], bytes] = {}
        self._grants: dict[bytes, dict[bytes, None]] = {}
        """Grant ids by deal."""
        self._steps: dict[bytes, list[bytes]] = {}
        self._renewals: dict[bytes, bytes] = {}
        self._entrusted: dict[Address, bytes] = {}
        self._certificates: dict[bytes, bytes] = {}
        self._receipts: list[Receipt] = []
        self._releases: dict[bytes, int] = {}
        self._nonces: dict[tuple[bytes, bytes], int] = {}

    def holding(self, deal_id: bytes) -> Holding | None:
        """Give a deal, None if it is not held."""
        return self._holdings.get(deal_id)

    def deals(self) -> tuple[bytes, ...]:
        """Give the id of every deal."""
        if self._deals is None:
            self._deals = tuple(sorted(self._holdings))
        return self._deals

    def put_holding(self, deal_id: bytes, holding: Holding) -> None:
        """Keep a new deal."""
        self._holdings[deal_id] = holding
        self._deals = None

    def grant_share(self, grant_id: bytes, deal_id: bytes) -> bytes | None:
        """Give a deposited container of kind 3."""
        return self._grant_shares.get((grant_id, deal_id))

    def deposits(self) -> tuple[tuple[bytes, bytes], ...]:
        """Give (grant_id, deal_id) of every deposit, sorted."""
        return tuple(sorted(self._grant_shares))

    def grants_of(self, deal_id: bytes) -> tuple[bytes, ...]:
        """Give the grant ids of a deal's deposits, sorted."""
        return tuple(sorted(self._grants.get(deal_id, ())))

    def put_deposit(self, grant_id: bytes, deal_id: bytes, grant_share: bytes, step: bytes) -> None:
        """Keep a grant share instead of the grant's older one, and its step behind the steps."""
        self._grant_shares[grant_id, deal_id] = grant_share
        self._grants.setdefault(deal_id, {})[grant_id] = None
        self._steps.setdefault(deal_id, []).append(step)

    def delete_grant_share(self, grant_id: bytes, deal_id: bytes) -> None:
        """Destroy a grant share; its step stays."""
        del self._grant_shares[grant_id, deal_id]
        del self._grants[deal_id][grant_id]

    def steps(self, deal_id: bytes) -> tuple[bytes, ...]:
        """Give the unspent steps of a deal, the next one first."""
        return tuple(self._steps.get(deal_id, ()))

    def renewal(self, deal_id: bytes) -> bytes | None:
        """Give the digest of the last renewal of a deal, None if there was none."""
        return self._renewals.get(deal_id)

    def rewrite(
        self,
        deal_id: bytes,
        holding: Holding,
        *,
        grant_shares: Mapping[bytes, bytes],
        steps: Sequence[bytes],
        renewal: bytes | None,
    ) -> None:
        """Replace all that is kept of a deal: what is not named here is destroyed."""
        self.delete_deal(deal_id)
        self._holdings[deal_id] = holding
        self._deals = None
        self._grant_shares.update({(one, deal_id): raw for one, raw in grant_shares.items()})
        self._grants[deal_id] = dict.fromkeys(grant_shares)
        self._steps[deal_id] = list(steps)
        if renewal is not None:
            self._renewals[deal_id] = renewal

    def delete_deal(self, deal_id: bytes) -> int:
        """Destroy all that is kept of a deal; give the number of objects: shares and steps."""
        lent = self._grants.pop(deal_id, {})
        for grant_id in lent:
            del self._grant_shares[grant_id, deal_id]
        held = self._holdings.pop(deal_id, None)
        self._deals = None
        self._renewals.pop(deal_id, None)
        return len(lent) + len(self._steps.pop(deal_id, ())) + int(held is not None)

    def is_clear_of(self, deal_id: bytes) -> bool:
        """Read again and say whether no object of a deal is left; receipts are none."""
        kept = (self._holdings, self._steps, self._renewals)
        return not any(deal_id in table for table in kept) and all(
            of_deal != deal_id for _, of_deal in self._grant_shares
        )

    def entrusted(self, patient: Address) -> bytes | None:
        """Give the container of kind 5 that a patient left here."""
        return self._entrusted.get(patient)

    def put_entrusted(self, patient: Address, container: bytes) -> None:
        """Keep a container of kind 5 instead of the patient's older one."""
        self._entrusted[patient] = container

    def delete_entrusted(self, patient: Address) -> None:
        """Destroy a patient's container of kind 5, if there is one."""
        self._entrusted.pop(patient, None)

    def put_certificate(self, deal_id: bytes, certificate: bytes) -> None:
        """Keep the certificate that nothing of a deal is left here."""
        self._certificates[deal_id] = certificate

    def certificates(self) -> tuple[bytes, ...]:
        """Give every certificate of erasure, in the order of the deals' ids."""
        return tuple(self._certificates[deal_id] for deal_id in sorted(self._certificates))

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

    def receipts(self, first: int = 0, count: int = -1) -> tuple[Receipt, ...]:
        """Give the chain from a sequence number on: all of it, or at most ``count`` >= 0."""
        return tuple(self._receipts[first : None if count < 0 else first + count])

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
