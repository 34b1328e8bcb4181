"""The commands of ``wardnet share`` as a person calls them."""

import json

from node.base.rng import SystemEntropy
from node.base.types import Address
from node.commands.main import main
from node.sss.bundle import Bundle, bundles_of
from node.sss.drbg import SeedsUsed
from node.sss.schemes import deal_record
from node.sss.shares import Scheme
from node.sss.terms import DealTerms, Profile

RECORD = b"a record with a name in it, and a marked word: CANARY-7F3A. " * 40
SCHEMES = ("ssms-1tn", "xor-1tn", "nlss-q", "ssms-feldman")


class SharePlay:
    """A folder, the words typed in it, and all that was ever printed."""

    def __init__(self, folder, capfdbinary):
        self.folder = folder
        self._capture = capfdbinary
        self.printed = b""

    def run(self, *words):
        """Give exit code, stdout as bytes, stderr as text."""
        self._capture.readouterr()
        status = main(["share", *map(str, words)])
        found = self._capture.readouterr()
        self.printed += found.out + found.err
        return status, found.out, found.err.decode()

    def good(self, *words):
        """Give stdout of a command that must succeed."""
        status, out, err = self.run(*words)
        assert status == 0, err
        return out

    def bad(self, *words):
        """Give the exit code and the error line of a command that must fail and print no result."""
        status, out, err = self.run(*words)
        assert status != 0
        assert out == b""
        lines = [line for line in err.splitlines() if not line.startswith("warning: ")]
        assert lines[0].startswith("error: "), err
        assert "unexpected" not in err, err
        return status, lines[0].removeprefix("error: ")

    def bad_json(self, *words):
        """Give exit code and error of a command that must fail with one document on stdout."""
        status, out, _ = self.run(*words, "--json")
        document = json.loads(out)
        assert document["exit_code"] == status != 0
        return status, document["error"]

    def json(self, *words):
        return json.loads(self.good(*words, "--json"))

    def file(self, name, data=RECORD):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def names(self):
        """Give all that lies in the folder."""
        return sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*"))

    def split(self, name="deal", *, t=3, n=5, scheme="ssms-1tn", record=RECORD):
        """Share a record; give the patient's file and those of the custodians."""
        source = self.file(f"{name}.record", record)
        essential, out = self.folder / f"{name}.essential", self.folder / name
        words = ("--scheme", scheme, "-t", t, "-n", n, "--essential", essential, "--out", out)
        self.good("split", source, *words)
        source.unlink()
        return essential, sorted(out.glob("custodian-*.wss"))

    def combine(self, essential, custodians):
        """Give the record that files make."""
        return self.good("combine", "--essential", essential, *custodians)


def spoil(path, at, bits=1):
    """Change a byte of a file."""
    data = bytearray(path.read_bytes())
    data[at] ^= bits
    path.write_bytes(bytes(data))


def real_bundles(record=RECORD, *, t=3, n=5, scheme=Scheme.SSMS):
    """Give the files of a deal in memory, the patient's first."""
    terms = DealTerms(
        chain_id=0,
        pmr_id=bytes(32),
        record_version=0,
        generation=0,
        dealer=Address(bytes(20)),
        t=t,
        n=n,
    )
    dealt = deal_record(
        scheme,
        record,
        terms,
        entropy=SystemEntropy(),
        seeds=SeedsUsed(),
        profile=Profile.PRODUCTION,
    )
    return list(bundles_of(dealt, dealt.manifest([Address(bytes(20))] * (n - 1))))


def write_bundles(folder, bundles: list[Bundle]):
    """Write files as ``split`` does; give the patient's and those of the custodians."""
    folder.mkdir()
    essential = folder / "essential.wss"
    essential.write_bytes(bundles[0].encode())
    paths = [folder / f"custodian-{x:03}.wss" for x in range(1, len(bundles))]
    for path, bundle in zip(paths, bundles[1:], strict=True):
        path.write_bytes(bundle.encode())
    return essential, paths
