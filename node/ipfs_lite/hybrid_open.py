"""What is looked at before a durable store is used: its tables, whose it is, its key.

Nothing of it depends on the blocks; ``hybrid_recover`` looks at those.
"""

from typing import Final

from node.base.errors import CorruptStoreError
from node.ipfs_lite.errors import StoreKeyError
from node.ipfs_lite.flatfs import block_files
from node.ipfs_lite.hybrid_options import StoreOptions
from node.ipfs_lite.hybrid_schema import SCHEMA_VERSION, STATEMENTS
from node.ipfs_lite.seal import SALT_BYTES, Sealer, key_of_passphrase
from node.storage.database import Database, schema_of
from node.storage.errors import StoreMismatchError
from node.storage.files import Files
from node.storage.meta import SCHEMA, Meta

STORE_ID: Final = "store_id"
AT_REST: Final = "at_rest"
KEY_ID: Final = "key_id"
KEY_SALT: Final = "key_salt"
"""Empty where the key comes from no passphrase."""
CLEAN: Final = "clean"
"""0 while the store is open, 1 once it was closed."""
KEYS: Final = frozenset((SCHEMA, STORE_ID, AT_REST, KEY_ID, KEY_SALT, CLEAN))


def open_index(
    files: Files, database: Database, options: StoreOptions
) -> tuple[Meta, Sealer | None]:
    """Make the tables of a new store, or check those of an old one; give what seals its blocks.

    raises        StoreMismatchError: another schema, owner or form at rest.  StoreKeyError: the
                  key is missing or another one.  CorruptStoreError: a table or a value changed, or
                  there are blocks and no tables.
    """
    meta = Meta(database, KEYS)
    if not database.read("SELECT 1 FROM sqlite_master WHERE type = 'table'"):
        _refuse_blocks(files, database)
        return meta, _make(database, meta, options)
    _check_schema(database, meta)
    at_rest = _text(meta, AT_REST)
    for what, want, got in (
        ("the store id", options.store_id, _text(meta, STORE_ID)),
        ("at_rest", options.at_rest, at_rest),
    ):
        if want is not None and want != got:
            raise StoreMismatchError(str(database.path), what, repr(want), repr(got))
    if at_rest == "none":
        _refuse_key(options)
        return meta, None
    sealer = _sealer(options, meta.get(KEY_SALT) or b"")
    if sealer.key_id != meta.get(KEY_ID):
        raise StoreKeyError("this is not the key under which the store is encrypted")
    return meta, sealer


def new_sealer(options: StoreOptions) -> tuple[Sealer, bytes]:
    """Give what seals under a new key, and the salt of its passphrase.  raises StoreKeyError."""
    salt = b""
    if options.passphrase is not None and options.entropy is not None:
        salt = options.entropy.take(SALT_BYTES)
    return _sealer(options, salt), salt


def _refuse_blocks(files: Files, database: Database) -> None:
    """Make no empty index over blocks: the first crash after it would delete them all."""
    found = next(block_files(files), None)
    if found is not None:
        what = f"empty, and there are files of blocks: {found.name}"
        raise CorruptStoreError(str(database.path), "file", what)


def _make(database: Database, meta: Meta, options: StoreOptions) -> Sealer | None:
    has_key = options.key is not None or options.passphrase is not None
    at_rest = options.at_rest or ("aead" if has_key else "none")
    sealer, salt = None, b""
    if at_rest == "none":
        _refuse_key(options)
    else:
        sealer, salt = new_sealer(options)
    with database.batch():
        for statement in STATEMENTS:
            database.write(statement)
        meta.set(SCHEMA, SCHEMA_VERSION)
        meta.set(STORE_ID, options.store_id or "")
        meta.set(AT_REST, at_rest)
        meta.set(CLEAN, 1)
        if sealer is not None:
            meta.set(KEY_ID, sealer.key_id)
            meta.set(KEY_SALT, salt)
    return sealer


def _check_schema(database: Database, meta: Meta) -> None:
    """See that the tables are those of this program.

    Not more: SQLite's own check reads all rows, and so all short blocks; ``verify`` does it.
    """
    path = str(database.path)
    made = {statement[:3] for statement in database.schema()}
    if not any(name == "meta" for _, name, _ in made):
        raise StoreMismatchError(path, "the file", "a block store", "another database")
    version = meta.number(SCHEMA)
    if version != SCHEMA_VERSION:
        raise StoreMismatchError(path, "schema", str(SCHEMA_VERSION), str(version))
    meta.check_names()
    for kind, name, *_ in sorted(schema_of(STATEMENTS) - database.schema(), key=repr):
        raise CorruptStoreError(path, "schema", f"the {kind} {name} is not as it was made")


def _sealer(options: StoreOptions, salt: bytes) -> Sealer:
    if options.entropy is None:
        raise StoreKeyError("no source of random bytes was given for the keys of blocks")
    if options.key is not None:
        return Sealer(options.key, options.entropy)
    if options.passphrase is None:
        raise StoreKeyError("the store is encrypted, and neither key nor passphrase was given")
    if not salt:
        raise StoreKeyError("the store was not made with a passphrase, but with a key")
    return Sealer(key_of_passphrase(options.passphrase, salt), options.entropy)


def _refuse_key(options: StoreOptions) -> None:
    """Say so where somebody believes to have an encrypted store."""
    if options.key is not None or options.passphrase is not None:
        raise StoreKeyError("a key was given, and the store is not encrypted")


def _text(meta: Meta, key: str) -> str:
    value = meta.get(key)
    if value is None:
        raise CorruptStoreError("meta", key, "missing")
    return value.decode()
