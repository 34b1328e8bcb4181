"""What the owner of a durable store decides about it."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from node.base.errors import ConfigError
from node.base.limits import INLINE_BLOCK_BYTES_MAX, STORE_BYTES_MAX
from node.base.ports import Entropy

AtRest: TypeAlias = Literal["aead", "none"]
"""How blocks lie on the disk: encrypted (``seal``), or as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreOptions:
    """How a store is opened, and how a new one is made."""

    inline_bytes_max: int = INLINE_BLOCK_BYTES_MAX
    """Blocks up to here are rows of the index, longer ones files; 0 and ``at_rest`` none make a
    folder of files that kubo can mount.  It may change: what is there stays where it is."""
    storage_bytes_max: int = STORE_BYTES_MAX
    hash_on_read: bool = True
    """Whoever turns this off serves what the disk gives, right or wrong."""
    at_rest: AtRest | None = None
    """None: as the store was made; a new one is encrypted if a key or a passphrase is given."""
    store_id: str | None = None
    """Whose store it is; None: as it was made."""
    key: bytes | None = field(default=None, repr=False)
    """The store key, KEY_BYTES long ..."""
    passphrase: str | None = field(default=None, repr=False)
    """... or what it is derived from."""
    entropy: Entropy | None = None
    """Where data keys come from; only an encrypted store needs it."""

    def __post_init__(self) -> None:
        for what in ("inline_bytes_max", "storage_bytes_max"):
            if getattr(self, what) < 0:
                raise ConfigError(f"{what} is {getattr(self, what)}, wants 0 or more")
        if self.key is not None and self.passphrase is not None:
            raise ConfigError("a store has a key or a passphrase, not both")
