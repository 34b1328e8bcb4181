"""One deal in a patient's wallet: which e in which epoch, how far the steps reach, what is lent.

A patient keeps one 32-byte master.  A new master takes over deal by deal, from the epoch into
which a renewal moves the deal; for the epochs before, the older ones stay (secret-sharing.md
sections 6 and 8).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from node.base.limits import RENEWAL_STEPS_COUNT_MAX
from node.privacy.release_errors import CustodyError, RefreshMissingError
from node.sss.commitments import Manifest
from node.sss.derivation import EssentialContext, essential_of
from node.sss.errors import WrongEssentialShareError
from node.sss.shares import Container, DealHeader, Kind, container_of


@dataclass(frozen=True, slots=True, repr=False)
class MasterFrom:
    """A master, and the first epoch of a deal whose e follows from it."""

    epoch: int
    master: bytes

    def __repr__(self) -> str:
        return f"MasterFrom(epoch={self.epoch})"


@dataclass(frozen=True, slots=True)
class RestoredDeal:
    """What the chain tells a recovered wallet of one deal."""

    manifest: bytes
    epoch: int
    """The epoch that the custodians are in."""
    lent: int = 0
    """Grants with a deposit that have not ended."""


@dataclass(slots=True, repr=False)
class HeldDeal:
    """One deal; ``masters`` ascend by epoch."""

    manifest: Manifest
    masters: list[MasterFrom]
    epoch: int
    steps: int
    """Number of the last step that the custodians were given; steps are numbered by epoch."""
    lent: int = 0
    """Grants with a deposit that have not ended, as far as the wallet knows."""
    dealt: Container | None = None
    """The essential container of the manifest, where the dealer drew it."""

    def __repr__(self) -> str:
        return f"HeldDeal(epoch={self.epoch}, steps={self.steps}, lent={self.lent})"

    def essential(self, epoch: int) -> Container:
        """Give the essential container of an epoch.

        raises        WrongEssentialShareError: before the first master's.
        """
        if self.dealt is not None and self.dealt.epoch == epoch:
            return self.dealt
        master = next((one.master for one in reversed(self.masters) if one.epoch <= epoch), None)
        if master is None:
            raise WrongEssentialShareError(f"the wallet knows no e of epoch {epoch}")
        return derived_essential(master, self.manifest.header, epoch)

    def essentials(self, first: int, last: int) -> tuple[bytes, ...]:
        """Give e of the epochs ``first`` to ``last``, both included."""
        return tuple(self.essential(epoch).payload for epoch in range(first, last + 1))

    def advance(self, epoch: int) -> None:
        """Follow the custodians: each step that no renewal made is the end of a grant.

        raises        CustodyError: ``step``, none was left for it; ``epoch``, it lies behind.
        """
        if epoch > self.steps:
            raise CustodyError("step", f"no step into epoch {self.steps + 1} was deposited")
        if epoch < self.epoch:
            raise CustodyError("epoch", f"the deal is in epoch {self.epoch}, beyond {epoch}")
        self.lent = max(0, self.lent - (epoch - self.epoch))
        self.epoch = epoch

    def take_back(self) -> None:
        """Count the last deposit as not made; of a step that was made none is left to count."""
        self.steps = max(self.epoch, self.steps - 1)
        self.lent = max(0, self.lent - 1)

    def check_steps(self) -> None:
        """Check that a further grant leaves no more grants than steps in advance.

        raises        RefreshMissingError: a renewal comes first.
        """
        if self.steps - self.epoch < self.lent:
            raise RefreshMissingError(self.manifest.header.deal_id(), self.steps + 1)

    def renewed_steps(self) -> int:
        """Give the number of the last step of the next renewal.

        The first of its steps is made at once, and each grant that is lent needs one besides.
        """
        wanted = max(self.steps, self.epoch + 1 + self.lent)
        return min(wanted, self.epoch + RENEWAL_STEPS_COUNT_MAX)

    def with_master(self, master: bytes) -> list[MasterFrom]:
        """Give the masters after a renewal under ``master``, which counts from the next epoch."""
        if self.masters and self.masters[-1].master == master:
            return self.masters
        return [*self.masters, MasterFrom(self.epoch + 1, master)]


def accepted_deal(manifest: Manifest, master: bytes, dealt: Container | None) -> HeldDeal:
    """Give a new deal; ``dealt`` is its essential container where the dealer drew it."""
    first = manifest.epoch if dealt is None else manifest.epoch + 1
    return HeldDeal(
        manifest=manifest,
        masters=[MasterFrom(first, master)],
        epoch=manifest.epoch,
        steps=manifest.epoch,
        dealt=dealt,
    )


def restored_deal(deal: RestoredDeal, master: bytes) -> HeldDeal:
    """Give a deal whose e follows from a recovered master.

    The steps that the lost wallet left are unknown, so one grant at least counts as lent: no
    further one is taken before a renewal.

    raises        ShareFormatError.
                  WrongEssentialShareError: the master does not make the manifest's e.
    """
    manifest = Manifest.decode(deal.manifest)
    # of a later epoch the manifest says nothing about e: it shows when the record opens
    if deal.epoch == manifest.epoch:
        essential = derived_essential(master, manifest.header, manifest.epoch)
        if essential.digest() != manifest.digests[0]:
            raise WrongEssentialShareError("it does not follow from the recovered master")
    return HeldDeal(
        manifest=manifest,
        masters=[MasterFrom(0, master)],
        epoch=deal.epoch,
        steps=deal.epoch,
        lent=max(1, deal.lent),
    )


def context_of(header: DealHeader, epoch: int) -> EssentialContext:
    """Give what an essential share of a deal is for."""
    return EssentialContext(
        header.chain_id, header.pmr_id, header.record_version, header.generation, epoch
    )


def derived_essential(master: bytes, header: DealHeader, epoch: int) -> Container:
    """Give the essential container that follows from a master."""
    derived = essential_of(master, context_of(header, epoch))
    return container_of(header, Kind.ESSENTIAL, 0, derived.salt, derived.share, epoch=epoch)


def is_known_context(held: Sequence[HeldDeal], context: EssentialContext) -> bool:
    """Say whether e of a context serves a deal already: it must never serve a second one."""
    return any(context_of(one.manifest.header, context.epoch) == context for one in held)
