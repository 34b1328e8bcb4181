"""Words with all custodians of one deal, of whom some may be silent.

Each custodian is in an epoch of its own for a while: ends of grants and renewals reach them at
different blocks, and what they post arrives later still.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from node.base.types import Address
from node.privacy.release_messages import Head, Request, Status
from node.sss.commitments import Manifest
from node.workflows.asking import ask_release, final_block, view
from node.workflows.custody_facts import posted_epochs
from node.workflows.errors import CustodianSilentError
from node.workflows.requests import Flow
from node.workflows.ward import Ward

HEAD_LAG: Final = 2
"""Requests name a block so many below the reader's final one: a custodian may be behind."""
EPOCHS_TRIED_MAX: Final = 4
"""Epochs that one custodian is asked with."""
_STATUS_AT: Final = 6
"""Where a receipt has its status."""

AskOf = Callable[[int, int, Head], Request]
"""(index, epoch, head) -> a signed request with a nonce of its own."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What the custodians of one deal answered."""

    requests: tuple[Request, ...]
    """The last one to each custodian who answered."""
    by_index: dict[int, bytes]
    silent: tuple[tuple[int, str], ...]
    """(index, cause)."""


def ask_custodians(ward: Ward, node: Address, manifest: Manifest, ask: AskOf) -> Flow[Answers]:
    """Ask every custodian for its share, and again where it says that it is in another epoch.

    ``manifest``  with the custodians of now.
    """
    final = yield from final_block(node, back=HEAD_LAG)
    head = Head(final.number, final.hash, final.timestamp)
    epochs = yield from posted_epochs(ward, node, manifest)
    requests: list[Request] = []
    answers: dict[int, bytes] = {}
    silent: list[tuple[int, str]] = []
    for index, custodian in enumerate(manifest.custodians, start=1):
        for epoch in _candidates(epochs, index):
            request = ask(index, epoch, head)
            try:
                release = yield from ask_release(node, custodian, request.encode())
            except CustodianSilentError as error:
                silent.append((index, str(error)))
                break
            if not release.receipt:
                break
            is_last = release.receipt[_STATUS_AT] != Status.WRONG_EPOCH
            answers[index] = release.receipt + release.sealed
            requests = [one for one in requests if one.index != index] + [request]
            if is_last:
                break
    return Answers(tuple(requests), answers, tuple(silent))


def _candidates(epochs: tuple[int, ...], index: int) -> list[int]:
    """Give the epochs to try: what was posted, what it may have moved on to, where others are."""
    posted = epochs[index - 1]
    wanted = dict.fromkeys((posted, posted + 1, max(epochs), posted + 2, posted + 3))
    return list(wanted)[:EPOCHS_TRIED_MAX]


def custody_keys(ward: Ward, node: Address, manifest: Manifest) -> Flow[tuple[bytes, ...]]:
    """Give the X25519 keys of the custodians of a manifest, in its order."""
    keys: list[bytes] = []
    for custodian in manifest.custodians:
        found = yield from view(node, ward.contracts.hospitals.hospital(custodian))
        keys.append(found.custody_key)
    return tuple(keys)
