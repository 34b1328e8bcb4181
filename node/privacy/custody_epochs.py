"""A deal moves on at its custodian: at the end of a grant, by a renewal, by a repair.

Every move replaces all that is kept of the deal in one transaction of the store, so that a crash
leaves the old epoch or the new one.  ``z_x = y_x xor g_x`` is the same before and after: shares
released in different epochs combine (secret-sharing.md section 8).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from node.base.errors import WardnetError
from node.base.keys import recover
from node.privacy.consent import Domain
from node.privacy.custody_deposits import (
    check_epoch,
    check_index,
    check_root,
    ending,
    held_deal,
)
from node.privacy.custody_store import CustodyStore, Holding
from node.privacy.release_errors import CustodyError, RefreshMissingError
from node.privacy.release_facts import GrantView
from node.privacy.release_messages import Status
from node.privacy.renewals import RenewalLetter, renewal_info, split_renewal
from node.privacy.sealing import open_sealed
from node.sss.commitments import Manifest
from node.sss.errors import ShareFormatError
from node.sss.gf256 import add
from node.sss.refresh import apply_delta
from node.sss.shares import (
    Container,
    DealHeader,
    Kind,
    Octets,
    check_against,
    decode_container,
    octets,
)


class Revocation(Enum):
    """What a custodian does at the end of a grant, besides destroying what was lent."""

    SOFT = "soft"
    STANDARD = "standard"
    """Step the deal into its next epoch."""


@dataclass(frozen=True, slots=True)
class GrantEnded:
    """A grant share is destroyed because F ended the grant."""

    grant_id: bytes
    deal_id: bytes
    why: Status


@dataclass(frozen=True, slots=True)
class Stepped:
    """A deal has moved into the epoch of ``moved``, whose digest goes on chain."""

    deal_id: bytes
    index: int
    moved: Container


@dataclass(frozen=True, slots=True)
class StepMissing:
    """A grant ended and no step is left: the deal stays behind until its patient renews it."""

    deal_id: bytes
    epoch: int
    """The epoch that a step was due into."""


@dataclass(frozen=True, slots=True)
class StepFailed:
    """A grant ended and its deal cannot be read or written now: the next look tries again."""

    deal_id: bytes
    why: str


@dataclass(frozen=True, slots=True)
class RenewalTaken:
    """A custodian's word that a renewal is done."""

    deal_id: bytes
    index: int
    digest: bytes
    """SHA-256 of the letter's plaintext: what the acknowledgement names."""
    moved: Container
    """The share as it is now; its digest goes on chain."""


CustodyEvent = GrantEnded | Stepped | StepMissing | StepFailed


class Epochs:
    """Moves the deals in a custodian's store."""

    def __init__(
        self,
        store: CustodyStore,
        *,
        sealing_private: bytes,
        domain: Domain,
        revocation: Revocation,
    ) -> None:
        self._store = store
        self._sealing_private = sealing_private
        self._domain = domain
        self._revocation = revocation

    def follow(self, view: GrantView) -> tuple[CustodyEvent, ...]:
        """Answer the grants that F has ended; see ``Custodian.follow``."""
        events: list[CustodyEvent] = []
        for grant_id, deal_id in self._store.deposits():
            grant = view.grant(grant_id)
            why = None if grant is None else ending(grant, view)
            if why is None:
                continue
            try:
                moved = self._end(grant_id, deal_id)
            except WardnetError as error:  # of this deal alone: the others still end
                events.append(StepFailed(deal_id, f"{type(error).__name__}: {error}"))
                continue
            events.append(GrantEnded(grant_id, deal_id, why))
            if moved is not None:
                events.append(moved)
        return tuple(events)

    def _end(self, grant_id: bytes, deal_id: bytes) -> Stepped | StepMissing | None:
        """Destroy a grant share and step, in one transaction; at the soft level no step."""
        if self._revocation is Revocation.SOFT:
            self._store.delete_grant_share(grant_id, deal_id)
            return None
        try:
            moved = self.step(deal_id, ended=grant_id)
        except RefreshMissingError as error:
            # a step that another end has just made drops what could not be read
            if grant_id in self._store.grants_of(deal_id):
                self._store.delete_grant_share(grant_id, deal_id)
            return StepMissing(deal_id, error.epoch)
        return Stepped(deal_id, moved.index, moved)

    def step(self, deal_id: bytes, *, ended: bytes | None = None) -> Container:
        """Move a deal to its next epoch; see ``Custodian.step``."""
        held = held_deal(self._store, deal_id)
        steps = tuple(decode_container(raw) for raw in self._store.steps(deal_id))
        if not steps:
            raise RefreshMissingError(deal_id, decode_container(held.share).epoch + 1)
        return self._move(deal_id, held, steps, ended=ended, renewal=self._store.renewal(deal_id))

    def renew(self, letter: RenewalLetter, view: GrantView) -> RenewalTaken:
        """Put fresh steps in the place of all old ones; see ``Custodian.take_renewal``."""
        deal_id = letter.deal_id
        held = held_deal(self._store, deal_id)
        header = Manifest.decode(held.manifest).header
        share = decode_container(held.share)
        check_index(letter.index, share)
        own = letter.digests[letter.index - 1 : letter.index]
        if own and self._store.renewal(deal_id) == own[0]:
            return RenewalTaken(deal_id, share.index, own[0], share)
        self._check_owner(letter, view)
        check_epoch(letter.epoch, share)
        info = renewal_info(deal_id, letter.index)
        plain = open_sealed(self._sealing_private, info, letter.sealed)
        check_root(letter, plain, custodians=header.custodians)
        steps = split_renewal(plain)
        _check_steps(steps, share, header)
        moved = self._move(deal_id, held, steps, ended=None, renewal=own[0])
        return RenewalTaken(deal_id, moved.index, own[0], moved)

    def _check_owner(self, letter: RenewalLetter, view: GrantView) -> None:
        """Check that the owner of the deal's record in F signed."""
        record = view.record(letter.deal_id)
        if record is None or record.is_erased:
            raise CustodyError("record", "the deal is of no record in the final state")
        digest = self._domain.digest(letter.typed().struct_hash())
        if recover(digest, letter.signature) != record.patient:
            raise CustodyError("signer", "the signature is not the one of the record's owner")

    def _move(
        self,
        deal_id: bytes,
        held: Holding,
        steps: Sequence[Container],
        *,
        ended: bytes | None,
        renewal: bytes | None,
    ) -> Container:
        """Apply the first step to the share and to what is still lent; keep the other steps."""
        share, delta = decode_container(held.share), steps[0]
        moved = apply_delta(share, delta)
        self._store.rewrite(
            deal_id,
            replace(held, share=moved.encode()),
            grant_shares={
                grant_id: apply_delta(lent, delta).encode()
                for grant_id, lent in self._lent(deal_id, share.epoch).items()
                if grant_id != ended
            },
            steps=[step.encode() for step in steps[1:]],
            renewal=renewal,
        )
        return moved

    def adopt(self, manifest: Octets, share: Container) -> None:
        """Keep a repaired share; see ``Custodian.adopt``.  Steps from before are destroyed."""
        deal_id = share.deal_id
        lent: dict[bytes, bytes] = {}
        before = self._readable(deal_id)
        if before is not None:
            if before.index != share.index:
                raise CustodyError("index", f"wants {before.index}, got {share.index}")
            if before.epoch > share.epoch:
                raise CustodyError("epoch", f"wants {before.epoch} or later, got {share.epoch}")
            # what is lent keeps its z_x = y_x xor g_x, whichever epochs were missed
            change = add(before.payload, share.payload)
            lent = {
                grant_id: replace(
                    one, epoch=share.epoch, salt=share.salt, payload=add(one.payload, change)
                ).encode()
                for grant_id, one in self._lent(deal_id, before.epoch).items()
            }
        holding = Holding(octets(manifest, "a manifest"), share.encode())
        self._store.rewrite(deal_id, holding, grant_shares=lent, steps=(), renewal=None)

    def _readable(self, deal_id: bytes) -> Container | None:
        """Give the own share, None if there is none or its bytes have rotted."""
        held = self._store.holding(deal_id)
        try:
            return None if held is None else decode_container(held.share)
        except ShareFormatError:
            return None

    def _lent(self, deal_id: bytes, epoch: int) -> dict[bytes, Container]:
        """Give the grant shares of a deal and epoch, by grant id.

        Others, and rotten ones, could never be released: they are not worth stopping for.
        """
        found: dict[bytes, Container] = {}
        for grant_id in self._store.grants_of(deal_id):
            raw = self._store.grant_share(grant_id, deal_id)
            try:
                lent = None if raw is None else decode_container(raw)
            except ShareFormatError:
                continue
            if lent is not None and lent.epoch == epoch:
                found[grant_id] = lent
        return found


def _check_steps(steps: Sequence[Container], share: Container, header: DealHeader) -> None:
    """Check that steps lead from the share's epoch on, without a gap."""
    for epoch, step in enumerate(steps, start=share.epoch + 1):
        check_against(step, header)
        if step.kind is not Kind.DELTA:
            raise CustodyError("kind", "a renewal is made of steps")
        if step.index != share.index:
            raise CustodyError("index", "a step in the renewal has another index")
        if step.epoch != epoch:
            raise CustodyError("step", f"wants the step into epoch {epoch}, got {step.epoch}")
