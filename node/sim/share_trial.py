"""What colluding custodians could do: takes shares out of their stores and tries to open a record.

This is no protocol message; it reads the stores as somebody would who owns the machines.
"""

from collections.abc import Iterable
from itertools import combinations

from node.base.errors import WardnetError
from node.base.types import Cid, Hash32
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
from node.workflows.errors import FetchFailedError


def rebuild(
    world: World, wallet: Wallet, deal_id: Hash32, custodians: Iterable[str], *, essential: bool
) -> bytes:
    """Open a record with the shares of these custodians, with or without the patient's share.

    First as an attacker, who asks no rule; what resists that is refused by the rules of the scheme.

    raises        WrongEssentialShareError: the essential share does not take part.
                  ShareMissingError: fewer than t-1 of the custodians hold a share.
                  what else ``ssms`` raises for shares and fragments that do not fit.
    """
    manifest = wallet.manifest(deal_id)
    held = [world.nodes[name].custody.custodian.share(deal_id) for name in custodians]
    shares = [share for share in held if share is not None]
    if essential:
        shares.insert(0, wallet.essential(deal_id).encode())
    broken = _by_force(world, manifest, shares)
    if broken is not None and not essential:
        return broken
    found = recover_key(manifest, shares)
    return decrypt(manifest, found.key, gather_fragments(world, manifest))


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


def try_all_subsets(world: World, wallet: Wallet, deal_id: Hash32) -> State:
    """Try every set of custodians, each with and without the essential share.

    Holds if exactly the sets with the essential share and at least t-1 custodians open the record.
    Every set is tried by force, the sufficient ones by the rules of the scheme as well.
    """
    manifest = wallet.manifest(deal_id)
    needed = manifest.header.needed
    names = sorted(world.cast.name_of(one) for one in manifest.custodians)
    tried = opened = 0
    for size in range(len(names) + 1):
        for chosen in combinations(names, size):
            for essential in (False, True):
                tried += 1
                wants = essential and size >= needed
                fault = _try(world, wallet, deal_id, chosen, essential=essential, wants=wants)
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
    deal_id: Hash32,
    chosen: tuple[str, ...],
    *,
    essential: bool,
    wants: bool,
) -> str | None:
    holders = ", ".join(chosen) or "no custodian"
    shares = f"{holders} {'with' if essential else 'without'} the essential share"
    if wants:
        try:
            rebuild(world, wallet, deal_id, chosen, essential=essential)
        except WardnetError as error:
            return f"{shares} was refused: {error}"
        return None
    manifest = wallet.manifest(deal_id)
    held = [world.nodes[name].custody.custodian.share(deal_id) for name in chosen]
    taken = [share for share in held if share is not None]
    if essential:
        taken.append(wallet.essential(deal_id).encode())
    return None if _by_force(world, manifest, taken) is None else f"{shares} opened the record"
