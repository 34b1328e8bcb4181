"""One custodian: takes deals and deposits, answers requests, forgets what was lent when it ends.

The state is behind ``CustodyStore``; nothing here waits, reads a clock or draws by itself.
Clauses: secret-sharing.md sections 8 and 9.
"""

from dataclasses import dataclass, replace

from node.base.keys import recover
from node.base.limits import (
    HEAD_LAG_BLOCKS_MAX,
    NONCES_COUNT_MAX,
    RELEASE_BUCKETS_COUNT_MAX,
    RELEASE_BURST_COUNT_MAX,
    RELEASE_INTERVAL_US_MIN,
)
from node.base.ports import Entropy, Signer
from node.base.types import Address
from node.privacy.consent import Domain
from node.privacy.custody_store import CustodyStore, Holding
from node.privacy.deposits import DepositLetter, digests_of, split_deposit
from node.privacy.release import decide
from node.privacy.release_answer import RecordReceipt, answer
from node.privacy.release_errors import CustodyError, RefreshMissingError
from node.privacy.release_facts import GrantFacts, GrantView
from node.privacy.release_messages import Answer, Status, deposit_info
from node.privacy.sealing import open_sealed
from node.sss.commitments import Manifest
from node.sss.refresh import apply_delta
from node.sss.shares import Container, Kind, Octets, check_against, decode_container, octets
from node.sss.terms import Profile, check_profile


@dataclass(frozen=True, slots=True)
class DepositTaken:
    """A custodian's word that a deposit is stored; k of them make a grant usable."""

    grant_id: bytes
    deal_id: bytes
    index: int


@dataclass(frozen=True, slots=True)
class GrantEnded:
    """A grant share is destroyed because F ended the grant; one step of the deal is due."""

    grant_id: bytes
    deal_id: bytes
    why: Status


class Custodian:
    """Holds one share of each of many deals.  Also the ``CustodyView`` of its decisions."""

    def __init__(
        self,
        *,
        signer: Signer,
        sealing_private: bytes,
        domain: Domain,
        store: CustodyStore,
        entropy: Entropy,
        profile: Profile,
    ) -> None:
        """``sealing_private`` is the X25519 key whose public half stands in HospitalRegistry."""
        self._signer = signer
        self._sealing_private = sealing_private
        self._domain = domain
        self._store = store
        self._entropy = entropy
        self._profile = profile
        self._ready_us: dict[Address, int] = {}
        self.bad_requests = 0
        """Requests without receipt so far: malformed, strangers', or unreadable state."""

    @property
    def address(self) -> Address:
        """The account that signs receipts and stands in manifests."""
        return self._signer.address

    @property
    def store(self) -> CustodyStore:
        """What this custodian keeps."""
        return self._store

    # ---- the CustodyView of release.decide

    def index_of(self, deal_id: bytes) -> int | None:
        """Give the own index in a deal, None if nothing of it is held."""
        raw = self.share(deal_id)
        return None if raw is None else decode_container(raw).index

    def share(self, deal_id: bytes) -> bytes | None:
        """Give the own container of kind 1."""
        holding = self._store.holding(deal_id)
        return None if holding is None else holding.share

    def grant_share(self, grant_id: bytes, deal_id: bytes) -> bytes | None:
        """Give the deposited container of kind 3."""
        return self._store.grant_share(grant_id, deal_id)

    def releases(self, grant_id: bytes) -> int:
        """Give the number of shares released under a grant so far."""
        return self._store.releases(grant_id)

    def is_nonce_seen(self, grant_id: bytes, nonce: bytes) -> bool:
        """Say whether a nonce has been used under a grant."""
        return self._store.is_nonce_seen(grant_id, nonce)

    def has_token(self, grantee: Address, now_us: int) -> bool:
        """Say whether a grantee may ask now: a burst, then one request each interval."""
        if self._store.nonces() >= NONCES_COUNT_MAX:
            return False
        if grantee not in self._ready_us and len(self._ready_us) >= RELEASE_BUCKETS_COUNT_MAX:
            return False
        ahead_us = self._ready_us.get(grantee, now_us) - now_us
        return ahead_us <= (RELEASE_BURST_COUNT_MAX - 1) * RELEASE_INTERVAL_US_MIN

    # ---- deals

    def hold(self, manifest: Octets, share: Octets) -> Manifest:
        """Take a deal into custody; the same deal twice is one.

        raises        CustodyError: ``kind``, ``digest``, ``custodian``, ``twice``.
                      ShareFormatError, SimulatedSecretError.
        """
        listed = Manifest.decode(manifest)
        check_profile(listed.header, self._profile)
        container = decode_container(share, listed.header)
        index = container.index
        if container.kind is not Kind.CUSTODIAN or container.epoch != listed.epoch:
            raise CustodyError("kind", f"{container!r} is no custodian's share of this manifest")
        if container.digest() != listed.digests[index]:
            raise CustodyError("digest", f"the manifest lists another share of index {index}")
        if listed.address_of(index) != self.address:
            raise CustodyError("custodian", f"index {index} is {listed.address_of(index).hex()}'s")
        deal_id = container.deal_id
        holding = Holding(octets(manifest, "a manifest"), octets(share, "a share"))
        held = self._store.holding(deal_id)
        if held is not None and held != holding:
            raise CustodyError("twice", f"deal {deal_id.hex()} is held with another share")
        self._store.put_holding(deal_id, holding)
        return listed

    def take_deposit(self, letter: DepositLetter, view: GrantView) -> DepositTaken:
        """Keep what a patient lends under a grant of F.

        raises        CustodyError: ``deal``, ``index``, ``epoch``, ``grant``, ``signer``,
                      ``record``, ``root``, ``kind``, ``step``, ``twice``, ``layout``.
                      SealedBoxError, ShareFormatError: the sealed part is not what it should be.
        """
        held = self._store.holding(letter.deal_id)
        if held is None:
            raise CustodyError("deal", f"deal {letter.deal_id.hex()} is not held here")
        header = Manifest.decode(held.manifest).header
        share = decode_container(held.share)
        if letter.index != share.index:
            raise CustodyError("index", f"wants {share.index}, got {letter.index}")
        if letter.epoch != share.epoch:
            raise CustodyError("epoch", f"wants {share.epoch}, got {letter.epoch}")
        self._check_patient(letter, view)
        info = deposit_info(letter.grant_id, letter.index)
        plain = open_sealed(self._sealing_private, info, letter.sealed)
        if len(letter.digests) != header.custodians:
            raise CustodyError("root", f"{len(letter.digests)} digests, wants {header.custodians}")
        if digests_of([plain])[0] != letter.digests[letter.index - 1]:
            raise CustodyError("root", "the deposit is not the one under the signed root")
        lent, step = split_deposit(plain)
        for container in (lent, step):
            check_against(container, header)
        taken = DepositTaken(letter.grant_id, letter.deal_id, letter.index)
        known = self._store.grant_share(letter.grant_id, letter.deal_id)
        if known is not None:
            if known != lent.encode():
                raise CustodyError("twice", "another deposit of this grant is held")
            return taken
        self._check_pair(share, lent, step)
        self._store.put_deposit(letter.grant_id, letter.deal_id, lent.encode(), step.encode())
        return taken

    def _check_patient(self, letter: DepositLetter, view: GrantView) -> None:
        """Check that F's grant is open and that its patient owns the deal and signed."""
        grant = view.grant(letter.grant_id)
        if grant is None or _ending(grant, view) is not None:
            raise CustodyError("grant", f"{letter.grant_id.hex()} is not open in the final state")
        if recover(self._domain.digest(letter.typed().struct_hash()), letter.signature) != (
            grant.patient
        ):
            raise CustodyError("signer", "the signature is not the patient's")
        # without this, any patient could plant a step that spoils another patient's deal
        record = view.record(letter.deal_id)
        if record is None or record.patient != grant.patient:
            raise CustodyError("record", "the deal is of no record of this patient")

    def _check_pair(self, share: Container, lent: Container, step: Container) -> None:
        if (lent.kind, step.kind) != (Kind.GRANT, Kind.DELTA):
            raise CustodyError("kind", "a deposit is a grant share and a step")
        if (lent.index, step.index) != (share.index, share.index):
            raise CustodyError("index", "a container in the deposit has another index")
        if lent.epoch != share.epoch:
            raise CustodyError("epoch", f"a grant share of epoch {lent.epoch}")
        due = share.epoch + len(self._store.steps(share.deal_id)) + 1
        if step.epoch != due:
            raise CustodyError("step", f"wants the step into epoch {due}, got {step.epoch}")

    # ---- requests

    def handle(self, request: bytes, view: GrantView, now_us: int) -> Answer | None:
        """Decide on a request, record the receipt, then give the answer; None is silence.

        ``now_us``    the monotonic clock of ``view.head_advanced_us``.
        raises        what the store raises when a receipt cannot be written: no answer leaves.
        """
        self._forget_full_buckets(now_us)
        outcome = decide(request, view, self, now_us)
        if outcome.request is None or outcome.head is None:
            self.bad_requests += 1
        if outcome.request is not None and self.has_token(outcome.request.grantee, now_us):
            self._spend_token(outcome.request.grantee, now_us)
        effects = answer(
            outcome, last=self._store.last_receipt(), signer=self._signer, entropy=self._entropy
        )
        for effect in effects:
            if isinstance(effect, RecordReceipt):
                self._store.append_receipt(
                    effect.receipt, effect.request, is_nonce_spent=effect.is_nonce_spent
                )
            else:
                return effect.answer
        return None

    def _forget_full_buckets(self, now_us: int) -> None:
        if len(self._ready_us) >= RELEASE_BUCKETS_COUNT_MAX:
            waiting = {one: at_us for one, at_us in self._ready_us.items() if at_us > now_us}
            self._ready_us = waiting

    def _spend_token(self, grantee: Address, now_us: int) -> None:
        """Charge a request; one that found no token costs none, so a debt cannot grow."""
        ready_us = max(self._ready_us.get(grantee, now_us), now_us)
        self._ready_us[grantee] = ready_us + RELEASE_INTERVAL_US_MIN

    # ---- the end of a grant

    def settle(self, view: GrantView) -> tuple[GrantEnded, ...]:
        """Destroy the grant shares whose grants F has ended, and old nonces.

        returns       in the order of grant id and deal id; for each, one ``step`` is due.
        """
        ended: list[GrantEnded] = []
        for grant_id, deal_id in self._store.deposits():
            grant = view.grant(grant_id)
            why = None if grant is None else _ending(grant, view)
            if why is not None:
                self._store.delete_grant_share(grant_id, deal_id)
                ended.append(GrantEnded(grant_id, deal_id, why))
        self._store.forget_nonces(view.head.number - HEAD_LAG_BLOCKS_MAX)
        return tuple(ended)

    def step(self, deal_id: bytes) -> Container:
        """Move a deal to its next epoch: the share, and every grant share still lent.

        returns       the new container, whose digest goes on chain.
        raises        CustodyError: ``deal``.  RefreshMissingError: no step is left.
        """
        held = self._store.holding(deal_id)
        if held is None:
            raise CustodyError("deal", f"deal {deal_id.hex()} is not held here")
        share = decode_container(held.share)
        steps = self._store.steps(deal_id)
        if not steps:
            raise RefreshMissingError(deal_id, share.epoch + 1)
        delta = decode_container(steps[0])
        moved = apply_delta(share, delta)
        lent: dict[bytes, bytes] = {}
        for grant_id, of_deal in self._store.deposits():
            if of_deal == deal_id:
                raw = self._store.grant_share(grant_id, deal_id)
                assert raw is not None
                lent[grant_id] = apply_delta(decode_container(raw), delta).encode()
        self._store.rewrite(
            deal_id,
            replace(held, share=moved.encode()),
            grant_shares=lent,
            steps=steps[1:],
            renewal=self._store.renewal(deal_id),
        )
        return moved


def _ending(grant: GrantFacts, view: GrantView) -> Status | None:
    """Say how F has ended a grant, None if it has not."""
    if grant.is_revoked:
        return Status.REVOKED
    return Status.EXPIRED if view.head.timestamp_s >= grant.valid_until_s else None
