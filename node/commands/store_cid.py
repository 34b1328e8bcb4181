"""``wardnet store cid FILE...``: the CIDs that files would get; no store is opened."""

from typing import Annotated

import typer

from node.base.errors import UsageError
from node.commands import output
from node.ipfs_lite.profiles import DEFAULT_PROFILE, PROFILES, Profile


def store_cid(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE", help="Files or folders; - is standard input.")
    ],
    *,
    profile: Annotated[
        str | None,
        typer.Option(metavar="NAME", help=f"{', '.join(PROFILES)}; the first is the default."),
    ] = None,
    chunk_size: Annotated[
        int | None, typer.Option(metavar="N", help="Bytes of a chunk, instead of a profile.")
    ] = None,
    max_links: Annotated[
        int | None, typer.Option(metavar="N", help="Links of a node, instead of a profile.")
    ] = None,
    cid_version: Annotated[
        int | None, typer.Option(metavar="V", help="0 or 1, instead of a profile.")
    ] = None,
    raw_leaves: Annotated[
        bool | None,
        typer.Option("--raw-leaves/--no-raw-leaves", help="On, unless the version is 0."),
    ] = None,
    hidden: Annotated[
        bool, typer.Option("--hidden", help="Take hidden files of folders too.")
    ] = False,
) -> None:
    """Print the CID of each file or folder, one per line, in the order given.

    What is not said with --chunk-size and the like is as in the default profile.
    """
    from node.commands.tree_files import trees_at
    from node.ipfs_lite.cid import to_text
    from node.ipfs_lite.unixfs_tree import write_tree

    chosen = _profile(profile, chunk_size, max_links, cid_version, raw_leaves)
    for tree in trees_at(files, chunk_bytes=chosen.chunk_bytes, hidden=hidden):
        output.say(to_text(write_tree(tree, None, chosen).cid))


def profile_named(name: str) -> Profile:
    """Give a profile.  raises UsageError: there is none of this name."""
    if name not in PROFILES:
        raise UsageError(f"--profile {name}: unknown, wants one of {', '.join(PROFILES)}")
    return PROFILES[name]


def _profile(
    name: str | None,
    chunk_size: int | None,
    max_links: int | None,
    cid_version: int | None,
    raw_leaves: bool | None,
) -> Profile:
    """Give a profile by its name, or one of its own parameters.

    raises        UsageError: both, or an unknown name.  ConfigError: parameters that cannot work.
    """
    given = {
        "--chunk-size": chunk_size,
        "--max-links": max_links,
        "--cid-version": cid_version,
        "--raw-leaves": raw_leaves,
    }
    said = [option for option, value in given.items() if value is not None]
    if name is not None:
        if said:
            raise UsageError(f"--profile and {said[0]}: a profile says this already, give one")
        return profile_named(name)
    if not said:
        return DEFAULT_PROFILE
    version = DEFAULT_PROFILE.cid_version if cid_version is None else cid_version
    return Profile(
        "custom",
        cid_version=version,
        raw_leaves=version != 0 if raw_leaves is None else raw_leaves,
        chunk_bytes=DEFAULT_PROFILE.chunk_bytes if chunk_size is None else chunk_size,
        links_max=DEFAULT_PROFILE.links_max if max_links is None else max_links,
    )
