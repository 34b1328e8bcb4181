"""What colluding custodians could do: takes shares out of their stores and tries to open a record.

This is no protocol message; it reads the stores as somebody would who owns the machines.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations
from typing import Literal, TypeAlias

from node.base.errors import WardnetError
from node.base.types import Cid
from node.ipfs_lite.errors import CorruptBlockError, NotFoundError
from node.ipfs_lite.unixfs_read import read_all
from node.privacy.wallet import Wallet
from node.sim.checkers.share_attack import break_open
from node.sim.predicates.base import State
from node.sim.world import World
from node.sss.commitments import Manifest
from node.sss.errors import ShareFormatError
from node.sss.record_key import recover_key
from node.sss.shares import Container, Kind, decode_container
from node.sss.ssms import decrypt
from node.workflows.dealing import Filed
from node.workflows.errors import FetchFailedError

Essential: TypeAlias = bool | Literal["stolen"]
"""Whether the patient's share takes part: none, the wallet's, or one that was copied before."""
Source: TypeAlias = Literal["now", "stolen"]
"""Whether custodians' shares are those in their stores, or copies that were taken before."""


def rebuild(
    world: World,
    wallet: Wallet,
    filed: Filed,
    custodians: Iterable[str],
    *,
    essential: Essential,
    source: Source = "now",
) -> bytes:
    """Open a record with the shares of these custodians, with or without the patient's share.

    First as an attacker, who asks no rule; what resists that is refused by the rules of the scheme.

    raises        WrongEssentialShareError: the essential share does not take part.
                  ShareMissingError: fewer than t-1 of the custodians hold a share.
                  UnknownDealError: the wallet does not know the deal.
                  what else ``ssms`` raises for shares and fragments that do not fit.
    """
    shares = _taken(world, filed, custodians, source)
    container = _essential(world, wallet, filed, shares, essential)
    if container is not None:
        shares.insert(0, container.encode())
    if essential is not True:
        broken = _by_force(world, filed.manifest, shares)
        if broken is not None:
            return broken
    manifest = _at_epoch(filed.manifest, shares)
    found = recover_key(manifest, shares)
    return decrypt(filed.manifest, found.key, gather_fragments(world, filed.manifest))


def opens_by_force(world: World, filed: Filed) -> bool:
    """Say whether all that lies on the disks of all nodes, whoever runs, opens a record."""
    shares = _taken(world, filed, tuple(world.disks), "now")
    return _by_force(world, filed.manifest, shares) is not None


def _taken(world: World, filed: Filed, names: Iterable[str], source: Source) -> list[bytes]:
    """Take the shares of custodians; who has none gives none."""
    if source == "stolen":
        held = [world.loot.shares.get((filed.deal_id, name)) for name in names]
        return [share for share in held if share is not None]
    holdings = [world.disks[name].custody.holding(filed.deal_id) for name in names]
    return [one.share for one in holdings if one is not None]


def _essential(
    world: World, wallet: Wallet, filed: Filed, shares: list[bytes], essential: Essential
) -> Container | None:
    """Give the patient's share: of the wallet that of the epoch which most custodians are in."""
    if essential == "stolen":
        return world.loot.essentials.get(filed.deal_id)
    if not essential:
        return None
    epochs = Counter(one.epoch for share in shares if (one := _decoded(share)) is not None)
    if not epochs:
        return wallet.essential(filed.deal_id)
    return wallet.essential(filed.deal_id, max(epochs, key=lambda one: (epochs[one], one)))


def _at_epoch(manifest: Manifest, shares: list[bytes]) -> Manifest:
    """Give the manifest of the epoch that all shares are of, if that is a later one.

    Custodians post their digests some blocks after a step, so those of the shares themselves stand
    in it: whether they fit each other is what the commitment to the key says.
    """
    containers = [one for share in shares if (one := _decoded(share)) is not None]
    epochs = {one.epoch for one in containers}
    if len(epochs) != 1 or epochs == {manifest.epoch}:
        return manifest
    digests = list(manifest.digests)
    for one in containers:
        digests[one.index] = one.digest()
    return replace(manifest, epoch=epochs.pop(), digests=tuple(digests))


def _by_force(world: World, manifest: Manifest, shares: list[bytes]) -> bytes | None:
    """Try everything that the payloads could stand for; a broken share is no share."""
    containers = [one for share in shares if (one := _decoded(share)) is not None]
    custodians = {one.index: one.payload for one in containers if one.kind is Kind.CUSTODIAN}
    essentials = [one.payload for one in containers if one.kind is Kind.ESSENTIAL]
    try:
        fragments = gather_fragments(world, manifest)
    except FetchFailedError:
        return None
    essential = essentials[0] if essentials else None
    return break_open(manifest.header, fragments, custodians, essential)


def _decoded(share: bytes) -> Container | None:
    try:
        return decode_container(share)
    except ShareFormatError:
        return None


def gather_fragments(world: World, manifest: Manifest) -> list[bytes]:
    """Take t-1 fragments from wherever they lie: ciphertext is nobody's secret.

    raises        FetchFailedError: fewer of them lie anywhere.
    """
    fragments: list[bytes] = []
    missing: list[Cid] = []
    for entry in manifest.fragments:
        found = _anywhere(world, entry.cid)
        if found is None:
            missing.append(entry.cid)
            continue
        fragments.append(found)
        if len(fragments) == manifest.header.needed:
            return fragments
    raise FetchFailedError(tuple(missing), (), "no store holds enough fragments")


def _anywhere(world: World, cid: Cid) -> bytes | None:
    """Give a file of the first store that has all of it unchanged."""
    for node in world.nodes.values():
        try:
            return read_all(node.store.store.get, cid)
        except (NotFoundError, CorruptBlockError):
            continue
    return None


def try_all_subsets(world: World, wallet: Wallet, filed: Filed) -> State:
    """Try every set of custodians, each with and without the essential share.

    Holds if exactly the sets with the essential share and at least t-1 custodians open the record.
    Every set is tried by force, the sufficient ones by the rules of the scheme as well.
    """
    needed = filed.manifest.header.needed
    names = sorted(world.cast.name_of(one) for one in filed.custodians)
    tried = opened = 0
    for size in range(len(names) + 1):
        for chosen in combinations(names, size):
            for essential in (False, True):
                tried += 1
                wants = essential and size >= needed
                fault = _try(world, wallet, filed, chosen, essential=essential, wants=wants)
                if fault is not None:
                    return State(holds=False, why=fault)
                opened += wants
    return State(
        holds=True,
        why=f"{tried} sets of shares tried: the {opened} with the essential share and at least "
        f"{needed} custodians opened the record, no other did",
    )


def _try(
    world: World,
    wallet: Wallet,
    filed: Filed,
    chosen: tuple[str, ...],
    *,
    essential: bool,
    wants: bool,
) -> str | None:
    holders = ", ".join(chosen) or "no custodian"
    shares = f"{holders} {'with' if essential else 'without'} the essential share"
    if wants:
        try:
            rebuild(world, wallet, filed, chosen, essential=essential)
        except WardnetError as error:
            return f"{shares} was refused: {error}"
        return None
    taken = _taken(world, filed, chosen, "now")
    container = _essential(world, wallet, filed, taken, essential)
    if container is not None:
        taken.append(container.encode())
    by_force = _by_force(world, filed.manifest, taken)
    return None if by_force is None else f"{shares} opened the record"
