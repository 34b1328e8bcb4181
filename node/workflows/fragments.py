"""Collects the fragments of a record from the stores that keep them; any t-1 of them will do."""

from dataclasses import dataclass

from node.base.errors import PeerError, StorageError, UnavailableError
from node.base.types import Address
from node.sss.commitments import Manifest
from node.sss.errors import FragmentMismatchError
from node.sss.shares import decode_container
from node.workflows.asking import drop, fetch
from node.workflows.errors import FragmentsMissingError
from node.workflows.requests import Flow


@dataclass(frozen=True, slots=True)
class Gathered:
    """Fragments that are what the manifest lists."""

    fragments: tuple[bytes, ...]
    faults: tuple[tuple[int, str], ...]
    """(index, cause) of each fragment that was asked for and is not to be had, or is wrong."""
    indices: tuple[int, ...]
    """Those of ``fragments``."""


def gather(node: Address, manifest: Manifest) -> Flow[Gathered]:
    """Have t-1 fragments through ``node``: the lowest indices, others for what is missing there.

    raises        FragmentsMissingError: fewer are to be had; names every index and its cause.
    """
    needed = manifest.header.needed
    found: list[bytes] = []
    indices: list[int] = []
    faults: list[tuple[int, str]] = []
    for index, entry in enumerate(manifest.fragments, start=1):
        if len(found) == needed:
            break
        try:
            (raw,) = yield from fetch(node, (entry.cid,), (manifest.address_of(index),))
            if decode_container(raw, manifest.header).digest() != entry.digest:
                raise FragmentMismatchError(index)
        except (UnavailableError, PeerError, StorageError) as error:
            faults.append((index, str(error)))
        else:
            found.append(raw)
            indices.append(index)
    if len(found) < needed:
        raise FragmentsMissingError(len(found), needed, tuple(faults))
    return Gathered(tuple(found), tuple(faults), tuple(indices))


def let_go(node: Address, manifest: Manifest, gathered: Gathered) -> Flow[None]:
    """Forget on ``node`` the fragments that others keep: a copy would outlive an erasure."""
    for index in gathered.indices:
        if manifest.address_of(index) != node:
            yield from drop(node, manifest.fragments[index - 1].cid)
