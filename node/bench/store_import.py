"""Import without a store: our writer, the floor that hashing sets, and the npm importer.

All of them read the same bytes from memory, and the CIDs must be equal (content-store.md, 18).
"""

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from node.bench.errors import CandidateFaultError
from node.ipfs_lite.cid import to_text
from node.ipfs_lite.profiles import PROFILES, Profile
from node.ipfs_lite.unixfs_write import write_file

PIECE_BYTES: Final = 2**20
FLOOR: Final = "sha256 alone"
PACKAGE: Final = "ipfs-unixfs-importer"
_SCRIPT: Final = Path(__file__).with_name("unixfs_importer.mjs")
_PEER_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Importer:
    """Something that turns bytes into a CID."""

    name: str
    run: Callable[[], tuple[float, str]]
    """Does it once: (CPU seconds, CID; the floor has none)."""
    profile: Profile | None = None
    is_ours: bool = False


def importers(mebibytes: int, peers_dir: Path | None) -> tuple[list[Importer], str | None]:
    """Give who is measured, in turn, and why the peer is not, if it is not."""
    pieces = [index.to_bytes(8) + bytes(PIECE_BYTES - 8) for index in range(mebibytes)]
    profiles = (PROFILES["unixfs-v1-2025"], PROFILES["kubo-cidv1"])
    found = [Importer(FLOOR, lambda: _floor(pieces))]
    node, package = shutil.which("node"), _package(peers_dir)
    for profile in profiles:
        found.append(
            Importer(f"wardnet {profile.name}", _ours(pieces, profile), profile, is_ours=True)
        )
        if node is not None and package is not None:
            run = _peer(node, package, mebibytes, profile)
            found.append(Importer(f"{PACKAGE} {profile.name}", run, profile))
    if node is None:
        return found, "no node on PATH"
    if package is None:
        return found, f"no node_modules/{PACKAGE} in {peers_dir or 'a --peers-dir'}"
    return found, None


def _package(peers_dir: Path | None) -> Path | None:
    if peers_dir is None:
        return None
    package = peers_dir.resolve() / "node_modules" / PACKAGE
    return package if (package / "dist" / "src" / "index.js").is_file() else None


def _floor(pieces: Sequence[bytes]) -> tuple[float, str]:
    before = time.process_time()
    for piece in pieces:
        sha256(piece).digest()
    return time.process_time() - before, ""


def _ours(pieces: Sequence[bytes], profile: Profile) -> Callable[[], tuple[float, str]]:
    def run() -> tuple[float, str]:
        before = time.process_time()
        root = write_file(pieces, None, profile).cid
        return time.process_time() - before, to_text(root)

    return run


def _peer(
    node: str, package: Path, mebibytes: int, profile: Profile
) -> Callable[[], tuple[float, str]]:
    words = (str(mebibytes), str(profile.chunk_bytes), str(profile.links_max))

    def run() -> tuple[float, str]:
        try:
            done = subprocess.run(  # noqa: S603 - the words are ours
                [node, str(_SCRIPT), str(package), *words],
                capture_output=True,
                timeout=_PEER_SECONDS,
                check=True,
            )
            told = json.loads(done.stdout)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            raise CandidateFaultError(PACKAGE, str(error)) from error
        return told["cpu_s"], told["cid"]

    return run
