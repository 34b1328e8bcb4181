"""Which CIDs a tree gets: the parameters of its import, and the sets of them that have a name.

The names are those of IPIP-0499 and of kubo (content-store.md, section 6).
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from node.base.errors import ConfigError
from node.base.limits import BLOCK_BYTES_MAX, DAG_LINKS_COUNT_MAX

_LEAF_OVERHEAD_BYTES: Final = 32
"""Wrapping of a dag-pb leaf, rounded up."""
_CHUNK_BYTES_MAX: Final = BLOCK_BYTES_MAX - _LEAF_OVERHEAD_BYTES


class Estimate(Enum):
    """How large a directory is said to be, before PLAIN_DIRECTORY_BYTES_MAX makes it a HAMT."""

    BLOCK_BYTES = "block-bytes"
    """Length of the whole plain block."""
    LINKS_BYTES = "links-bytes"
    """Names and CIDs alone."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The parameters that decide which CIDs a tree gets."""

    name: str
    cid_version: int
    """Of the nodes; a raw leaf is always a CIDv1, for version 0 has no other codec."""
    raw_leaves: bool
    chunk_bytes: int
    links_max: int
    estimate: Estimate = Estimate.BLOCK_BYTES

    def __post_init__(self) -> None:
        if self.cid_version not in (0, 1):
            raise ConfigError(f"profile {self.name}: CIDv{self.cid_version}, wants 0 or 1")
        if not 1 <= self.chunk_bytes <= _CHUNK_BYTES_MAX:
            raise ConfigError(
                f"profile {self.name}: a chunk of {self.chunk_bytes} bytes, "
                f"wants 1 to {_CHUNK_BYTES_MAX}"
            )
        if not 2 <= self.links_max <= DAG_LINKS_COUNT_MAX:
            raise ConfigError(
                f"profile {self.name}: {self.links_max} links per node, "
                f"wants 2 to {DAG_LINKS_COUNT_MAX}"
            )


DEFAULT_PROFILE: Final = Profile(
    "unixfs-v1-2025", cid_version=1, raw_leaves=True, chunk_bytes=1_048_576, links_max=1_024
)
_BY_LINKS: Final = Estimate.LINKS_BYTES
PROFILES: Final = {
    profile.name: profile
    for profile in (
        DEFAULT_PROFILE,
        Profile("kubo-cidv1", 1, True, 262_144, 174, _BY_LINKS),  # noqa: FBT003 - rows of a table
        Profile("unixfs-v0-2015", 0, False, 262_144, 174, _BY_LINKS),  # noqa: FBT003
        Profile("kubo-test-cid-v1", 1, True, 1_048_576, 174, _BY_LINKS),  # noqa: FBT003
    )
}
