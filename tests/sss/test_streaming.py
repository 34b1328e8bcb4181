import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.base.limits import RECORD_BYTES_MAX
from node.base.limits_sharing import STREAMED_ROWS_BYTES_MAX
from node.base.rng import TreeEntropy
from node.base.types import Address
from node.sss import streaming
from node.sss.bundle import bundles_of
from node.sss.derivation import EssentialSecret
from node.sss.drbg import SeedsUsed
from node.sss.errors import (
    EmptyRecordError,
    RecordTooLongError,
    SharingPlanError,
    SimulatedSecretError,
    SourceChangedError,
)
from node.sss.gf256 import BLOCK_BYTES
from node.sss.streaming import read_exactly, rows_block_bytes, split_stream
from node.sss.terms import Profile
from tests.sss.deals import SIMULATION, make_deal, make_terms
from tests.sss.streams import Dribble, split_to_files


def _record(length):
    return bytes(number * 7 % 251 for number in range(length))


def _in_memory(record, *, t=3, n=5):
    made = make_deal(record, t=t, n=n)
    manifest = made.manifest([Address(bytes(20))] * (n - 1))
    return [bundle.encode() for bundle in bundles_of(made, manifest)]


def _check_equal(record, *, t, n, source=None):
    header, essential, custodians = split_to_files(record, t=t, n=n, source=source)
    assert [file.getvalue() for file in (essential, *custodians)] == _in_memory(record, t=t, n=n)
    assert header == make_deal(record, t=t, n=n).header


@pytest.mark.parametrize("length", [*range(1, 50), 1000, 1001])
@pytest.mark.parametrize(("t", "n"), [(2, 2), (3, 5), (5, 9)])
def test_files_are_those_of_a_deal_in_memory(length, t, n):
    _check_equal(_record(length), t=t, n=n)


@pytest.mark.parametrize("odd", [-17, -16, -15, 0, 1, 8])
def test_files_are_equal_around_the_ends_of_blocks(odd):
    _check_equal(_record(2 * BLOCK_BYTES + odd), t=3, n=5)
    _check_equal(_record(BLOCK_BYTES + odd), t=2, n=3)


@given(st.integers(1, 3000), st.integers(3, 20))
@settings(max_examples=25, deadline=None)
def test_blocks_of_any_size_give_equal_files(length, words):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streaming, "BLOCK_BYTES", 8 * words)
        _check_equal(_record(length), t=3, n=4)


def test_a_source_that_gives_few_bytes_a_call_is_read_whole():
    _check_equal(_record(500), t=3, n=5, source=Dribble(_record(500)))


def test_a_derived_essential_share_is_the_patients():
    outs = [BytesIO() for _ in range(5)]
    split_stream(
        BytesIO(b"record"),
        6,
        make_terms(t=3, n=5),
        entropy=TreeEntropy(1, "deal"),
        seeds=SeedsUsed(),
        profile=SIMULATION,
        essential_out=outs[0],
        custodian_outs=outs[1:],
        scratch=BytesIO(),
        derived=EssentialSecret(b"e" * 32, b"s" * 32),
    )
    assert b"e" * 32 in outs[0].getvalue()


def test_a_record_of_no_bytes_is_refused():
    with pytest.raises(EmptyRecordError):
        split_to_files(b"")


def test_a_record_longer_than_the_cipher_takes_is_refused_unread():
    source = BytesIO(b"never read")
    with pytest.raises(RecordTooLongError):
        split_to_files(b"", length=RECORD_BYTES_MAX + 1, source=source)
    assert source.tell() == 0


@pytest.mark.parametrize(("length", "found"), [(99, 100), (101, 100), (BLOCK_BYTES, 100)])
def test_a_source_of_another_length_is_refused(length, found):
    with pytest.raises(SourceChangedError) as caught:
        split_to_files(_record(100), length=length)
    assert (caught.value.length, caught.value.found) == (length, found)


def test_a_plan_that_cannot_be_is_refused():
    with pytest.raises(SharingPlanError):
        split_to_files(b"record", t=4, n=3)


def test_entropy_of_a_simulation_makes_no_real_deal():
    with pytest.raises(SimulatedSecretError):
        split_stream(
            BytesIO(b"record"),
            6,
            make_terms(t=2, n=2),
            entropy=TreeEntropy(1, "deal"),
            seeds=SeedsUsed(),
            profile=Profile.PRODUCTION,
            essential_out=BytesIO(),
            custodian_outs=[BytesIO()],
            scratch=BytesIO(),
        )


def test_a_file_for_each_custodian_is_needed():
    with pytest.raises(ValueError, match="4 custodians"):
        split_stream(
            BytesIO(b"record"),
            6,
            make_terms(t=3, n=5),
            entropy=TreeEntropy(1, "deal"),
            seeds=SeedsUsed(),
            profile=SIMULATION,
            essential_out=BytesIO(),
            custodian_outs=[BytesIO()],
            scratch=BytesIO(),
        )


@pytest.mark.parametrize("rows", [2, 6, 100, 508])
def test_rows_of_a_block_stay_within_the_limit(rows):
    block = rows_block_bytes(rows)
    assert block % 8 == 0
    assert 4096 <= block <= BLOCK_BYTES
    assert rows * block <= STREAMED_ROWS_BYTES_MAX


def test_reading_ends_where_the_file_does():
    assert read_exactly(Dribble(b"twelve bytes"), 10) == b"twelve byt"
    assert read_exactly(Dribble(b"twelve bytes"), 20) == b"twelve bytes"
    assert read_exactly(BytesIO(), 5) == b""


_CHILD = """
import resource, sys
from pathlib import Path
from node.base.rng import TreeEntropy
from node.sss.drbg import SeedsUsed
from node.sss.streaming import split_stream
from node.sss.streaming_open import combine_stream
from tests.sss.deals import SIMULATION, make_terms

folder, length = Path(sys.argv[1]), int(sys.argv[2])

def work(length):
    with open(folder / "record", "w+b") as source, open(folder / "scratch", "w+b") as scratch:
        source.truncate(length)
        outs = [open(folder / f"{index}", "w+b") for index in range(5)]
        split_stream(source, length, make_terms(t=3, n=5), entropy=TreeEntropy(length, "x"),
            seeds=SeedsUsed(), profile=SIMULATION, essential_out=outs[0],
            custodian_outs=outs[1:], scratch=scratch)
        scratch.truncate(0)
        combine_stream(outs[0], outs[3:], scratch, profile=SIMULATION)
        for out in outs:
            out.close()

work(100)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
work(length)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
def test_a_long_record_takes_eight_mebibytes(tmp_path):
    """Split and combine 64 MiB; what the process grows by is the working set."""
    done = subprocess.run(
        (sys.executable, "-c", _CHILD, str(tmp_path), str(64 * 2**20)),
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) <= 8 * 1024
