"""One custodian: takes deals and deposits, answers requests, forgets what was lent when it ends.

The state is behind ``CustodyStore``; nothing here waits, reads a clock or draws by itself.
Clauses: secret-sharing.md sections 8 and 9.
"""

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
from node.privacy.custody_deposits import Deposits, DepositTaken
from node.privacy.custody_epochs import (
    CustodyEvent,
    Epochs,
    RenewalTaken,
    Revocation,
)
from node.privacy.custody_store import CustodyStore, Holding
from node.privacy.deposits import DepositLetter
from node.privacy.entrusting import open_entrusted, seal_reclaimed
from node.privacy.erasure import ErasureCertificate
from node.privacy.release import decide
from node.privacy.release_answer import RecordReceipt, answer
from node.privacy.release_errors import CustodyError
from node.privacy.release_facts import GrantView
from node.privacy.release_messages import Answer, Head
from node.privacy.renewals import RenewalLetter
from node.sss.commitments import Manifest
from node.sss.shares import Container, Kind, Octets, decode_container, octets
from node.sss.terms import Profile, check_profile


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
        revocation: Revocation = Revocation.STANDARD,
    ) -> None:
        """``sealing_private`` is the X25519 key whose public half stands in HospitalRegistry."""
        self._signer = signer
        self._domain = domain
        self._store = store
        self._entropy = entropy
        self._profile = profile
        self._sealing_private = sealing_private
        self._deposits = Deposits(store, sealing_private=sealing_private, domain=domain)
        self._epochs = Epochs(
            store, sealing_private=sealing_private, domain=domain, revocation=revocation
        )
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

    def adopt(self, manifest: Octets, share: Octets) -> Container:
        """Take the own share of a deal that other custodians repaired, in whatever epoch it is.

        Whether this custodian is to hold it is the ledger's to say, and whether the share is right
        shows at the next opening: its salt is new, so the manifest's digest cannot tell.  Steps
        from before are destroyed, for they may lie on polynomials that the others have left: the
        patient's next renewal brings new ones.  What is lent moves along.

        raises        CustodyError: ``kind``, not a custodian's share; ``index``, another one is
                      held; ``epoch``, a later one is held.
                      ShareFormatError, SimulatedSecretError.
        """
        listed = Manifest.decode(manifest)
        check_profile(listed.header, self._profile)
        container = decode_container(share, listed.header)
        if container.kind is not Kind.CUSTODIAN:
            raise CustodyError("kind", f"{container!r} is no custodian's share")
        self._epochs.adopt(manifest, container)
        return container

    def erase(self, deal_id: bytes) -> int:
        """Destroy all that is held of a deal: erased by its owner, or of an older generation.

        returns       the number of objects destroyed; 0 if nothing was held.
        """
        return self._store.delete_deal(deal_id)

    def certify_erasure(
        self, deal_id: bytes, *, index: int, head: Head, objects_destroyed: int
    ) -> ErasureCertificate:
        """Read custody again and sign that nothing of a deal is left here.

        ``head``      F, in which the record is erased.
        ``objects_destroyed``  shares and steps, and the blocks that the caller erased and re-read.
        raises        CustodyError: ``left``, something of the deal is still here.
        """
        if not self._store.is_clear_of(deal_id):
            raise CustodyError("left", f"something of deal {deal_id.hex()} is still in custody")
        return ErasureCertificate(
            index=index,
            chain_id=self._domain.chain_id,
            deal_id=deal_id,
            head_number=head.number,
            head_hash=head.hash,
            objects_destroyed=objects_destroyed,
        ).signed(self._signer)

    # ---- what patients send

    def take_deposit(self, letter: DepositLetter, view: GrantView) -> DepositTaken:
        """Keep what a patient lends under a grant of F.

        A letter that is taken already is acknowledged again.

        raises        CustodyError: ``deal``, ``index``, ``early``, ``epoch``, ``grant``,
                      ``signer``, ``record``, ``root``, ``kind``, ``step``, ``refresh``, ``layout``.
                      SealedBoxError, ShareFormatError: the sealed part is not what it should be.
        """
        return self._deposits.take(letter, view)

    def take_renewal(self, letter: RenewalLetter, view: GrantView) -> RenewalTaken:
        """Put a patient's fresh steps in the place of all old ones, and make the first of them.

        The letter that was taken last is acknowledged again.

        raises        CustodyError: ``deal``, ``index``, ``record``, ``signer``, ``early``: the own
                      epoch is below the letter's; ``epoch``: it is beyond; ``root``, ``layout``,
                      ``kind``, ``step``.
                      SealedBoxError, ShareFormatError: the sealed part is not what it should be.
        """
        return self._epochs.renew(letter, view)

    # ---- shares of wallet masters

    def entrust(self, patient: Address, sealed: bytes) -> Container:
        """Keep a share of a patient's master; give it, for its digest is the acknowledgement.

        A later split of the master (its epoch counts on) takes the place of an earlier one.

        raises        CustodyError: ``signer``; ``epoch``, another share of this split or of a
                      later one is held.
                      SealedBoxError, ShareFormatError, MixedRecordsError.
        """
        share = open_entrusted(self._sealing_private, patient, self._domain.chain_id, sealed)
        held = self.entrusted(patient)
        if held is not None and held != share and held.epoch >= share.epoch:
            raise CustodyError("epoch", f"a share of split {held.epoch} is held")
        self._store.put_entrusted(patient, share.encode())
        return share

    def entrusted(self, patient: Address) -> Container | None:
        """Give the share of a patient's master, None if none is held."""
        raw = self._store.entrusted(patient)
        return None if raw is None else decode_container(raw)

    def reclaim(self, patient: Address, key: bytes) -> bytes:
        """Seal the share of a lost account's master to the key of its recovery.

        The caller has seen in F that the recovery is done, and takes ``key`` from there.

        raises        CustodyError: ``entrusted``, nothing of this patient is held.
                      SealingKeyError.
        """
        share = self.entrusted(patient)
        if share is None:
            raise CustodyError("entrusted", f"nothing of 0x{patient.hex()} is held")
        return seal_reclaimed(share, patient, key, self._entropy)

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

    def follow(self, view: GrantView) -> tuple[CustodyEvent, ...]:
        """Destroy the grant shares whose grants F has ended, step their deals, drop old nonces.

        returns       in the order of grant id and deal id: ``GrantEnded``, each followed by
                      ``Stepped`` or ``StepMissing`` unless the revocation level is soft; or
                      ``StepFailed`` instead, and the next call tries again.
        """
        events = self._epochs.follow(view)
        self._store.forget_nonces(view.head.number - HEAD_LAG_BLOCKS_MAX)
        return events

    def step(self, deal_id: bytes) -> Container:
        """Move a deal to its next epoch: the share, and every grant share still lent.

        returns       the new container, whose digest goes on chain.
        raises        CustodyError: ``deal``.  RefreshMissingError: no step is left.
        """
        return self._epochs.step(deal_id)
