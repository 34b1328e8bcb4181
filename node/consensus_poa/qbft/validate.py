"""When a proposal and a RoundChange are justified (consensus.md section 3.4; EEA QBFT).

Pure functions of opened messages, a set and a head.  Execution is asked for elsewhere.
"""

from collections.abc import Sequence
from typing import NamedTuple

from node.base.header import Header
from node.base.limits import ROUND_NUMBER_MAX
from node.base.types import Address, Hash32
from node.consensus_poa.evidence import INVALID_JUSTIFICATION, INVALID_PROPOSAL
from node.consensus_poa.proposer import proposer
from node.consensus_poa.qbft.header import commit_digest
from node.consensus_poa.qbft.messages import Prepare, Proposal, RoundChange
from node.consensus_poa.qbft.opened import Candidate, Opened
from node.consensus_poa.qbft.options import QbftOptions
from node.consensus_poa.qbft.rules import check_on_parent, check_set, check_shape
from node.consensus_poa.quorum import quorum


class Place(NamedTuple):
    """Where a height stands: the head below it and the set that decides it."""

    head: Header
    validators: tuple[Address, ...]
    members: frozenset[Address]
    quorum: int
    """How many of them decide."""

    @classmethod
    def above(cls, head: Header, validators: tuple[Address, ...]) -> "Place":
        """Give the height above ``head``, decided by ``validators``."""
        return cls(head, validators, frozenset(validators), quorum(len(validators)))

    @property
    def height(self) -> int:
        """The height that is decided here."""
        return self.head.number + 1

    def leader(self, round_: int) -> Address:
        """Give who proposes in a round."""
        return proposer(self.validators, self.head.coinbase, round_)


class Fault(NamedTuple):
    """Why a proposal is not accepted; ``kind`` is an evidence kind, or None: no proof of guilt."""

    reason: str
    kind: str | None


def check_proposal(opened: Opened, place: Place, options: QbftOptions) -> Fault | None:
    """Give what is wrong with a proposal of this height, but for execution and time of day."""
    if opened.author != place.leader(opened.round):
        return Fault("not_the_proposer", None)
    if opened.candidate is None:
        return Fault("invalid_extra_data", INVALID_PROPOSAL)
    reason = _check_header(opened.candidate, opened.round, place, options)
    if reason is not None:
        return Fault(reason, INVALID_PROPOSAL)
    reason = _check_reason(opened, opened.candidate, place)
    return None if reason is None else Fault(reason, INVALID_JUSTIFICATION)


def _check_header(
    candidate: Candidate, round_: int, place: Place, options: QbftOptions
) -> str | None:
    header, extra = candidate.block.header, candidate.extra
    if extra.round != round_:
        return "wrong_round"
    if extra.seals:
        return "unexpected_seals"
    return (
        check_shape(header, options)
        or check_on_parent(header, place.head, options)
        or check_set(header, extra, place.validators, options)
    )


def _check_reason(opened: Opened, candidate: Candidate, place: Place) -> str | None:
    """Check the lists of a proposal: which block may be proposed in this round."""
    proposal = opened.message
    assert isinstance(proposal, Proposal)
    changes, builder = proposal.round_changes, candidate.block.header.coinbase
    if opened.round == 0:
        if changes or proposal.prepares:
            return "needless_justification"
        return None if builder == opened.author else "foreign_builder"
    changers = opened.changers
    if not _is_quorum(changers, place):
        return "no_quorum_of_round_changes"
    prepared: dict[int, Hash32] = {}
    for change in changes:
        if (change.height, change.round) != (opened.height, opened.round):
            return "foreign_round_change"
        if change.prepared is None:
            continue
        before, digest = change.prepared
        if before >= opened.round:
            return "prepared_in_the_future"
        if prepared.setdefault(before, digest) != digest:
            return "two_prepared_blocks"
    if not prepared:
        if proposal.prepares:
            return "needless_justification"
        return None if builder == opened.author else "foreign_builder"
    highest = max(prepared)
    if commit_digest(candidate.block.header, candidate.extra, highest) != prepared[highest]:
        return "not_the_prepared_block"
    return _check_prepares(
        proposal.prepares, opened.preparers, (opened.height, highest, prepared[highest]), place
    )


def _check_prepares(
    prepares: Sequence[Prepare],
    authors: Sequence[Address | None],
    wants: tuple[int, int, Hash32],
    place: Place,
) -> str | None:
    if any((found.height, found.round, found.digest) != wants for found in prepares):
        return "foreign_prepare"
    return None if _is_quorum(authors, place) else "no_quorum_of_prepares"


def _is_quorum(authors: Sequence[Address | None], place: Place) -> bool:
    """Say whether these are members, each once, and enough of them."""
    found = set(authors)
    return len(found) == len(authors) and found <= place.members and len(found) >= place.quorum


def check_round_change(opened: Opened, place: Place) -> str | None:
    """Give what is wrong with a RoundChange of a member for this height, or None."""
    message = opened.message
    assert isinstance(message, RoundChange)
    prepared = message.signed.prepared
    if not 1 <= opened.round <= ROUND_NUMBER_MAX:
        return "round_out_of_range"
    if (prepared is None) != (message.block is None):
        return "block_without_metadata" if prepared is None else "metadata_without_block"
    if prepared is None:
        return "needless_justification" if message.prepares else None
    round_, digest = prepared
    if round_ >= opened.round:
        return "prepared_in_the_future"
    if opened.candidate is None or opened.candidate.digest != digest:
        return "not_the_prepared_block"
    return _check_prepares(
        message.prepares, opened.preparers, (opened.height, round_, digest), place
    )
