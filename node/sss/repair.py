"""Masked repair: k custodians rebuild the share of another index, and none of them interpolates.

Each pair i < j of the helpers agrees on a random mask; helper i hands the newcomer
``lagrange_i(x) * y_i`` under the XOR of its masks.  Every mask stands in two contributions, so the
XOR of all of them is y_x, and fewer than all are noise.  The newcomer ends with one point of the
polynomial, which is what it is owed; nobody learns k'.
source        secret-sharing.md section 8 ("A custodian leaves"); Herzberg et al. 1995, section 4.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Final

from node.sss.drbg import Stream
from node.sss.errors import (
    MixedEpochsError,
    MixedRecordsError,
    RepairPlanError,
    ShareFormatError,
    ShareMissingError,
)
from node.sss.gf256 import add, lagrange_rows, scale
from node.sss.shares import Container, DealHeader, Kind, Scheme, check_against, container_of

LINEAR_SCHEMES: Final = (Scheme.SSMS, Scheme.XOR)
"""Those whose custodians' shares are Shamir shares over GF(2^8), byte by byte."""


@dataclass(frozen=True, slots=True)
class RepairPlan:
    """Which share of which deal is made again, in which epoch, and by whom."""

    header: DealHeader
    epoch: int
    """Of the helpers' shares, and so of the share that comes out."""
    target: int
    """The index whose share is lost."""
    helpers: tuple[int, ...]
    """k indices, ascending."""

    def __post_init__(self) -> None:
        """Check who takes part.

        raises        RepairPlanError: the scheme is not linear over bytes, the target is no
                      custodian's index, or the helpers are not k others in ascending order.
        """
        if self.header.scheme not in LINEAR_SCHEMES:
            raise self._fault(
                f"shares of scheme {self.header.scheme.name} are not linear over bytes"
            )
        places = range(1, self.header.custodians + 1)
        if self.target not in places:
            raise self._fault(f"a custodian's index is 1 .. {self.header.custodians}")
        if len(self.helpers) != self.header.needed:
            raise self._fault(f"wants {self.header.needed} helpers, got {len(self.helpers)}")
        if list(self.helpers) != sorted(set(self.helpers)):
            raise self._fault("helpers are distinct and ascending")
        if any(helper not in places or helper == self.target for helper in self.helpers):
            raise self._fault("helpers are custodians of other indices")

    @property
    def length(self) -> int:
        """Bytes of a share, of a mask and of a contribution."""
        return self.header.payload_length(Kind.CUSTODIAN)

    def partners(self, helper: int) -> tuple[int, ...]:
        """Give the helpers with whom ``helper`` shares a mask.

        raises        RepairPlanError: it takes no part.
        """
        if helper not in self.helpers:
            raise self._fault(f"index {helper} takes no part")
        return tuple(other for other in self.helpers if other != helper)

    def _fault(self, rule: str) -> RepairPlanError:
        return RepairPlanError(self.target, self.helpers, rule)


def draw_masks(plan: RepairPlan, helper: int, stream: Stream) -> dict[int, bytes]:
    """Draw the masks that ``helper`` makes: of each pair the lower index draws.

    returns       higher partner to mask; each is sealed to that partner and to nobody else.
    raises        RepairPlanError: the helper takes no part.  SeedExhaustedError.
    """
    higher = [other for other in plan.partners(helper) if other > helper]
    return {other: stream.take(plan.length) for other in higher}


def contribution(plan: RepairPlan, share: Container, masks: Mapping[int, bytes]) -> bytes:
    """Give what one helper sends to the newcomer: ``c_i``, to be sealed to it.

    ``share``     the helper's own container of kind 1.
    ``masks``     by partner: those it drew and those it was sent.
    raises        RepairPlanError: no part in the plan, or not one mask of the right length for
                  each partner.  MixedRecordsError, MixedEpochsError, ShareFormatError: the share
                  is of another deal or epoch, or of another kind.
    """
    header = plan.header
    if share.deal_id != header.deal_id():
        raise MixedRecordsError(header.deal_id(), share.deal_id)
    check_against(share, header)
    if share.kind is not Kind.CUSTODIAN:
        raise ShareFormatError("kind", share.index)
    if share.epoch != plan.epoch:
        raise MixedEpochsError((plan.epoch, share.epoch))
    partners = plan.partners(share.index)
    if tuple(sorted(masks)) != partners or any(len(mask) != plan.length for mask in masks.values()):
        rule = f"index {share.index} wants one mask of {plan.length} bytes with each partner"
        raise RepairPlanError(plan.target, plan.helpers, rule)
    (row,) = lagrange_rows(plan.helpers, (plan.target,))
    part = scale(row[plan.helpers.index(share.index)], share.payload)
    return reduce(add, masks.values(), part)


def join(plan: RepairPlan, contributions: Mapping[int, bytes], *, salt: bytes) -> Container:
    """Give the newcomer's share from all helpers' contributions, by index.

    Nothing here can tell a lie: with the old salt the digest is the manifest's, with a fresh one
    the next opening finds out (its commitment names the index).

    ``salt``      32 bytes: the old one where it is to be had, else fresh ones of the newcomer.
    raises        ShareMissingError: a contribution is not there.
                  RepairPlanError: one comes from outside the plan or has another length.
    """
    present = tuple(sorted(contributions))
    known = tuple(helper for helper in plan.helpers if helper in contributions)
    if len(known) != len(present):
        rule = f"contributions came from {', '.join(map(str, present))}"
        raise RepairPlanError(plan.target, plan.helpers, rule)
    if known != plan.helpers:
        raise ShareMissingError(len(known), plan.header.needed, known)
    if any(len(part) != plan.length for part in contributions.values()):
        rule = f"a contribution has {plan.length} bytes"
        raise RepairPlanError(plan.target, plan.helpers, rule)
    payload = reduce(add, contributions.values())
    return container_of(plan.header, Kind.CUSTODIAN, plan.target, salt, payload, epoch=plan.epoch)
