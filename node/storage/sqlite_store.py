"""The durable ``LedgerStore``: one SQLite file, checked whenever it is opened."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node.base.errors import ConfigError, CorruptStoreError
from node.base.limits import STATES_KEPT_BLOCKS_MIN
from node.base.types import Hash32
from node.storage.database import Database
from node.storage.engine_log import EngineLog
from node.storage.errors import DamagedStoreError, StoreFailedError, StoreMismatchError
from node.storage.meta import CHAIN_ID, GENESIS_HASH, KEPT_FROM, MODE, PROFILE, SWEEPING, Meta
from node.storage.migrations import migrate
from node.storage.sqlite_chain_data import SqliteChainData
from node.storage.sqlite_state_nodes import SqliteStateNodes
from node.storage.startup import BrokenBlock, check_head
from node.storage.sweep import Sweep

FILE_NAME: Final = "chain.sqlite"
_ARCHIVE: Final = b"archive"
_PRUNED: Final = b"pruned "


@dataclass(frozen=True, slots=True)
class StoreIdentity:
    """Which chain a store belongs to; it never changes."""

    genesis_hash: Hash32
    chain_id: int
    profile: str
    """The name of the rules (``node.evm.forks``)."""


class SqliteLedgerStore:
    """All that one node keeps of its chain."""

    def __init__(
        self,
        directory: Path,
        identity: StoreIdentity,
        *,
        kept_blocks: int | None = None,
        repair: bool = False,
    ) -> None:
        """Open a store, or make one.

        ``kept_blocks``  how many newest states a sweep leaves from now on, at least 128; None: as
                      the store was told before, and all of them if it never was.
        ``repair``    give a damaged head up for the newest block that is whole, but nothing that
                      is final; ``stepped_back`` tells which blocks went.  For those only who get
                      them again from elsewhere; no crash makes it needed.
        raises        ConfigError: fewer than 128; StoreLockedError: another process has it;
                      StoreMismatchError: another chain, or a newer schema; DamagedStoreError:
                      what is needed to go on is not whole; StoreFullError, StoreFailedError.
        """
        if kept_blocks is not None and kept_blocks < STATES_KEPT_BLOCKS_MIN:
            raise ConfigError(
                f"a pruned store keeps the states of {kept_blocks} blocks, "
                f"wants at least {STATES_KEPT_BLOCKS_MIN}"
            )
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreFailedError(str(directory), f"cannot be made: {error.strerror}") from error
        try:
            self._database = Database(directory / FILE_NAME)
            try:
                self._open(identity, kept_blocks, repair=repair)
            except BaseException:
                self._database.close()
                raise
        except CorruptStoreError as error:
            where = (error.store, error.key, error.what)
            raise DamagedStoreError(*where, str(directory)) from error

    def _open(self, identity: StoreIdentity, kept_blocks: int | None, *, repair: bool) -> None:
        database = self._database
        migrate(database)
        check = database.row("PRAGMA quick_check(1)")
        if check != ("ok",):
            raise CorruptStoreError(str(database.path), "file", str(check and check[0]))
        self._meta = Meta(database)
        self._meta.check_names()
        self._identify(identity)
        self.kept_blocks = self._mode(kept_blocks)
        """How many newest states a sweep leaves; None: there is no sweep, all of them stay."""
        self.chain = SqliteChainData(database, self._meta)
        self.nodes = SqliteStateNodes(database, self._meta)
        self.engine_log = EngineLog(database)
        self.stepped_back: tuple[BrokenBlock, ...] = check_head(
            database, self.chain, self.nodes, repair=repair
        )
        """The blocks that were given up, newest first: whoever asked for a repair tells them."""

    def _identify(self, identity: StoreIdentity) -> None:
        wants = (
            (GENESIS_HASH, identity.genesis_hash.hex()),
            (CHAIN_ID, str(identity.chain_id)),
            (PROFILE, identity.profile),
        )
        missing: list[tuple[str, str]] = []
        for key, want in wants:
            got = self._meta.get(key)
            if got is None:
                missing.append((key, want))
            elif got != want.encode():
                raise StoreMismatchError(
                    str(self._database.path), key, want, got.decode(errors="replace")
                )
        if missing:
            self._check_new(missing[0][0])
            with self._database.batch():
                for key, want in missing:
                    self._meta.set(key, want)

    def _mode(self, kept_blocks: int | None) -> int | None:
        """Write the mode down if one is asked for, or none stands there; give what it says."""
        stored = self._meta.get(MODE)
        if stored is None:
            self._check_new(MODE)
        if kept_blocks is not None or stored is None:
            mode = _ARCHIVE if kept_blocks is None else _PRUNED + str(kept_blocks).encode()
            if mode != stored:
                with self._database.batch():
                    self._meta.set(MODE, mode)
            return kept_blocks
        if stored == _ARCHIVE:
            return None
        number = stored.removeprefix(_PRUNED)
        if number == stored or not number.isdigit():
            raise CorruptStoreError("meta", MODE, f"{stored!r} is no mode")
        return int(number)

    def _check_new(self, key: str) -> None:
        """Refuse to write anew what a store with blocks must have."""
        if self._database.row("SELECT 1 FROM canonical") is not None:
            raise CorruptStoreError("meta", key, "missing")

    @property
    def is_empty(self) -> bool:
        """Nothing is stored, not even the genesis: whoever made this store did not come further."""
        return self.chain.head() is None

    @property
    def kept_from(self) -> int:
        """The number of the oldest block whose state is kept, apart from the genesis."""
        return self._meta.number(KEPT_FROM) or 0

    def keep_states_from(self, number: int) -> None:
        """Remember that older states are not here: the chain came with a newer one."""
        with self._database.batch():
            self._meta.set(KEPT_FROM, number)

    @property
    def sweep_pending(self) -> bool:
        """A sweep began and did not come to its end: begin another, for it goes on there."""
        return bool(self._meta.number(SWEEPING))

    def sweep(self, kept_from: int) -> Sweep:
        """Begin to give up the states of blocks below a number, except the genesis.

        What counts as given up stays so: states below ``self.kept_from`` go too, and that is what
        the live nodes are to be found from.
        raises        ConfigError: the store is an archive, or is to keep more than that.
        """
        head = self.chain.head()
        header = None if head is None else self.chain.header(head)
        newest = 0 if header is None else header.number
        if self.kept_blocks is None or newest - kept_from + 1 < self.kept_blocks:
            keeps = "all" if self.kept_blocks is None else f"the newest {self.kept_blocks}"
            raise ConfigError(
                f"states below block {kept_from} of {newest} cannot go: this store keeps {keeps}"
            )
        return Sweep(self._database, self._meta, self.nodes, max(kept_from, self.kept_from))

    def batch(self) -> AbstractContextManager[None]:
        """Make all that is put inside durable together, when the outermost batch ends.

        raises        StoreFullError, StoreFailedError: nothing of it was kept.
        """
        return self._database.batch()

    def close(self) -> None:
        """Close the file; what was committed stays."""
        self._database.close()
