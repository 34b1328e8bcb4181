"""``add``: files and folders of a form become trees of blocks (content-store.md, sections 4, 16).

Each entry at the top of the form is one ingest: its blocks are guarded while they come, and pinned
in the commit of the last ones.  The answer is held until all is durable: a failure then still has
its status, and a client that reads only after it has sent cannot block the upload.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from node.base.errors import StorageError
from node.base.limits import DAG_DEPTH_MAX, UPLOAD_ENTRIES_COUNT_MAX
from node.base.types import Cid
from node.ipfs_lite.blocks import BlockClass, Guard, Pin
from node.ipfs_lite.cid import to_text
from node.ipfs_lite.errors import HttpRefusedError
from node.ipfs_lite.hamt import Named
from node.ipfs_lite.http import Request, Response
from node.ipfs_lite.ingest import Ingest
from node.ipfs_lite.multipart import Part, PartKind, read_parts
from node.ipfs_lite.profiles import DEFAULT_PROFILE, PROFILES, Profile
from node.ipfs_lite.rpc_answers import Backend, Line, class_of, documents
from node.ipfs_lite.rpc_params import Kind, Params, Takes
from node.ipfs_lite.unixfs_dirs import write_directory, write_symlink
from node.ipfs_lite.unixfs_write import Added, Sink, write_file

ADD: Final[Takes] = {
    "pin": Kind.FLAG,
    "pin-name": Kind.NAME,
    "cid-version": ("0", "1"),
    "raw-leaves": Kind.FLAG,
    "chunker": Kind.TEXT,
    "wrap-with-directory": Kind.FLAG,
    "only-hash": Kind.FLAG,
    "hidden": Kind.FLAG,
    "profile": tuple(PROFILES),
    "class": ("sealed", "public"),
    "hash": ("sha2-256",),
    "trickle": ("false",),
    "progress": Kind.FLAG,
    "quiet": Kind.FLAG,
    "quieter": Kind.FLAG,
    "silent": Kind.FLAG,
    "recursive": Kind.FLAG,
}
GUARD_SECONDS: Final = 3_600
"""How long blocks of an upload are kept after the last one came (section 9)."""
_CHUNKER: Final = "size-"

Folder: TypeAlias = "dict[str, Added | Folder]"


def add(backend: Backend, params: Params, request: Request) -> Response:
    """Add what a form carries; give a line per file, and per folder behind its entries."""
    profile = profile_of(params)
    is_stored = not params.flags.get("only-hash", False)
    klass = class_of(backend, params) if is_stored else BlockClass.PUBLIC
    uploads = _Uploads(backend, params, profile, klass if is_stored else None)
    try:
        for part in read_parts(request.headers, request.body):
            uploads.take(part)
        uploads.finish()
    except BaseException:
        uploads.abandon()
        raise
    if not uploads.lines:
        raise HttpRefusedError(400, "the form has no file: wants one part per file or folder")
    return documents(uploads.lines)


def profile_of(params: Params) -> Profile:
    """Give the profile that options ask for.

    ``cid-version`` alone asks for what ``ipfs add`` of that version gives, so that clients of kubo
    get kubo's CIDs; other options change single parameters.
    raises        HttpRefusedError, ConfigError: parameters that do not go together.
    """
    texts = params.texts
    version = texts.get("cid-version")
    if "profile" in texts:
        profile = PROFILES[texts["profile"]]
        if version is not None and int(version) != profile.cid_version:
            raise HttpRefusedError(400, f"profile {profile.name} makes CIDv{profile.cid_version}")
    elif version is None:
        profile = DEFAULT_PROFILE
    else:
        profile = PROFILES["kubo-cidv1" if version == "1" else "unixfs-v0-2015"]
    raw_leaves = params.flags.get("raw-leaves", profile.raw_leaves)
    chunk_bytes = profile.chunk_bytes
    if "chunker" in texts:
        chunk_bytes = _chunk_bytes(texts["chunker"])
    if (raw_leaves, chunk_bytes) == (profile.raw_leaves, profile.chunk_bytes):
        return profile
    name = f"{profile.name}+"  # not that profile any more
    return replace(profile, name=name, raw_leaves=raw_leaves, chunk_bytes=chunk_bytes)


def _chunk_bytes(text: str) -> int:
    digits = text.removeprefix(_CHUNKER)
    if not text.startswith(_CHUNKER) or not (digits.isascii() and digits.isdigit()):
        raise HttpRefusedError(400, f"the chunker {text!r} is not known here, wants size-N")
    return int(digits[:10])


@dataclass(slots=True)
class _Uploads:
    """The entries at the top of a form, one after the other."""

    backend: Backend
    params: Params
    profile: Profile
    klass: BlockClass | None
    """None: nothing is stored."""
    lines: list[Line] = field(default_factory=list[Line])
    _ingest: Ingest | None = None
    _session: str = ""
    _top: str = ""
    _tree: Folder = field(default_factory=dict[str, "Added | Folder"])
    _entries: int = 0

    def take(self, part: Part) -> None:
        """Write what a part carries, and finish the entry before it, if this begins another."""
        names = part.names
        if len(names) > DAG_DEPTH_MAX:  # nothing walks deeper, and folders are written inside out
            what = f"a path of {len(names)} names, at most {DAG_DEPTH_MAX}"
            raise HttpRefusedError(400, what)
        if self.params.flags.get("hidden") is False and any(n.startswith(".") for n in names[1:]):
            return
        self._entries += 1
        if self._entries > UPLOAD_ENTRIES_COUNT_MAX:
            raise HttpRefusedError(400, f"more than {UPLOAD_ENTRIES_COUNT_MAX} files in one add")
        is_wrapped = self.params.flags.get("wrap-with-directory", False)
        if self._tree and not is_wrapped and (not names or names[0] != self._top):
            self.finish()
        if not self._tree:
            self._begin(names[0] if names else "")
        if part.kind is PartKind.FOLDER:
            self._folder(names)
            return
        if part.kind is PartKind.SYMLINK:
            added = write_symlink(part.read(), self._sink(), self.profile)
        else:
            added = write_file(part.pieces(), self._sink(), self.profile)
        names = names or (to_text(added.cid),)
        self._place(names, added)
        self._say("/".join(names), added, is_file=part.kind is PartKind.FILE)

    def finish(self) -> None:
        """Write the folders of the entry at hand, pin its root, make it durable."""
        if not self._tree:
            return
        if self.params.flags.get("wrap-with-directory", False):
            root = self._write_folder("", self._tree)
        else:
            ((name, entry),) = self._tree.items()
            root = self._write_folder(name, entry) if isinstance(entry, dict) else entry
        if self._ingest is not None:
            self._ingest.finish(self._pins(root.cid))
        self._tree, self._ingest = {}, None

    def abandon(self) -> None:
        """Leave what was not finished to the garbage collector."""
        if self._ingest is not None:
            with suppress(StorageError):  # the error that brought us here is the news
                self._ingest.abandon()

    def _begin(self, top: str) -> None:
        self._top = top
        if self.klass is not None:
            self._session = self.backend.new_session()
            self._ingest = Ingest(self.backend.store, klass=self.klass, guard=self._guard())

    def _guard(self) -> Guard:
        return Guard(self._session, self.backend.now_s() + GUARD_SECONDS)

    def _pins(self, root: Cid) -> tuple[Pin, ...]:
        if not self.params.flags.get("pin", True):
            return ()
        name, now_s = self.params.texts.get("pin-name", ""), self.backend.now_s()
        return (Pin(root, name=name, profile=self.profile.name, created_s=now_s),)

    def _sink(self) -> Sink | None:
        ingest = self._ingest
        if ingest is None:
            return None

        def take(cid: Cid, data: bytes) -> None:
            ingest.guard = self._guard()  # an hour from the newest block on
            ingest.add(cid, data)

        return take

    def _folder(self, names: tuple[str, ...]) -> Folder:
        folder = self._tree
        for at, name in enumerate(names):
            below = folder.setdefault(name, {})
            if not isinstance(below, dict):
                raise HttpRefusedError(400, f"{'/'.join(names[: at + 1])!r} is a file and a folder")
            folder = below
        return folder

    def _place(self, names: tuple[str, ...], added: Added) -> None:
        folder = self._folder(names[:-1])
        if names[-1] in folder and folder[names[-1]] != added:
            raise HttpRefusedError(400, f"{'/'.join(names)!r} comes twice in the form")
        folder[names[-1]] = added

    def _write_folder(self, path: str, folder: Folder) -> Added:
        entries: list[Named] = []
        for name, entry in folder.items():
            below = f"{path}/{name}" if path else name
            added = self._write_folder(below, entry) if isinstance(entry, dict) else entry
            entries.append(Named(name, added))
        written = write_directory(entries, self._sink(), self.profile)
        self._say(path, written, is_file=False)
        return written

    def _say(self, name: str, added: Added, *, is_file: bool) -> None:
        self.lines.extend(self._lines(name, added, is_file=is_file))

    def _lines(self, name: str, added: Added, *, is_file: bool) -> Iterator[Line]:
        if is_file and self.params.flags.get("progress"):
            yield {"Name": name, "Bytes": added.file_bytes}
        yield {"Name": name, "Hash": to_text(added.cid), "Size": str(added.dag_bytes)}
