"""``wardnet share inspect``: what files say, and whether they belong together."""

import resource
from dataclasses import replace
from pathlib import Path

import pytest

from node.sss.bundle import Bundle
from node.sss.essential_text import to_text
from tests.commands.share_play import RECORD, SharePlay, real_bundles, spoil, write_bundles
from tests.sss.deals import files_of, make_deal


@pytest.fixture
def play(tmp_path, capfdbinary):
    return SharePlay(tmp_path, capfdbinary)


def test_a_custodians_file_shows_its_header_and_digests(play):
    _, custodians = play.split()
    bundle = Bundle.decode(custodians[1].read_bytes())
    (found,) = play.json("inspect", custodians[1])["files"]
    header = bundle.manifest.header
    assert (found["kind"], found["index"], found["epoch"]) == ("custodian", 2, 0)
    assert (found["t"], found["n"], found["plan"]) == (3, 5, "2 of 4 custodians (t=3, n=5)")
    assert (found["scheme"], found["record_bytes"]) == ("ssms-1tn", len(RECORD))
    assert found["deal_id"] == header.deal_id().hex()
    assert found["manifest_id"] == bundle.manifest.manifest_id().hex()
    share, fragment = bundle.share.digest().hex(), bundle.fragment[-32:].hex()
    assert found["share_digests"] == {"stored": share, "computed": share, "manifest": share}
    assert set(found["fragment_digests"].values()) == {fragment}


@pytest.mark.parametrize("scheme", ["xor-1tn", "nlss-q"])
def test_files_of_other_schemes_have_no_fragment(play, scheme):
    essential, custodians = play.split(scheme=scheme)
    for found in play.json("inspect", essential, custodians[0])["files"]:
        assert (found["scheme"], found["fragment_digests"]) == (scheme, None)


def test_files_that_open_the_record_are_told_to(play):
    essential, custodians = play.split()
    together = play.json("inspect", essential, custodians[0], custodians[3])["together"]
    assert together == {
        "faults": [],
        "essential": True,
        "custodians": [1, 4],
        "needed": 2,
        "opens": True,
    }
    said = play.good("inspect", essential, custodians[0]).decode()
    assert "they do not open a record: essential share present, custodians 1, 2 needed" in said
    assert "2 of 4 custodians (t=3, n=5)" in said


def _faults(play, *files):
    status, out, _ = play.run("inspect", *files)
    lines = out.decode().splitlines()
    return status, [line.removeprefix("WRONG    ") for line in lines if "WRONG" in line]


def test_files_of_different_deals_do_not_belong_together(play):
    essential, _ = play.split("one")
    _, others = play.split("two")
    status, (fault,) = _faults(play, essential, others[0])
    assert (status, "different deals" in fault) == (1, True)


def test_an_index_that_comes_twice_is_told(play):
    _, custodians = play.split()
    assert _faults(play, custodians[0], custodians[0]) == (1, ["index 1 comes twice"])


def test_a_changed_fragment_is_told(play):
    _, custodians = play.split()
    spoil(custodians[0], -40)
    status, (fault,) = _faults(play, custodians[0])
    assert (status, fault) == (1, f"{custodians[0]}: the bytes of its fragment were changed")


def test_a_share_that_the_manifest_does_not_list_is_told(play):
    bundles, others = real_bundles(), real_bundles()
    assert bundles[1].share.salt != others[1].share.salt
    share = Bundle(bundles[1].manifest, bundles[1].share, bundles[1].fragment).share
    foreign = type(share)(
        **{name: getattr(share, name) for name in share.__slots__} | {"salt": bytes(32)}
    )
    bundles[1] = Bundle(bundles[1].manifest, foreign, bundles[1].fragment)
    _, custodians = write_bundles(play.folder / "deal", bundles)
    status, (fault,) = _faults(play, custodians[0])
    assert (status, "not the one that the manifest lists" in fault) == (1, True)


def test_a_line_of_a_qr_code_is_read(play):
    essential, custodians = play.split()
    line = play.file("line", play.good("qr", essential, "--i-know-this-is-a-key", "--text"))
    document = play.json("inspect", line, *custodians[:2])
    assert document["files"][0]["kind"] == "essential"
    assert document["together"]["opens"] is True


def test_a_line_that_the_manifests_do_not_list_is_told(play):
    bundles = real_bundles()
    other = replace(bundles[0].share, salt=bytes(32))
    _, custodians = write_bundles(play.folder / "deal", bundles)
    line = play.file("line", to_text(other).encode())
    status, (fault,) = _faults(play, line, *custodians[:2])
    assert (status, fault) == (1, f"{line}: its share is not the one that the manifests list")


def test_files_of_a_simulation_open_nothing_here(play):
    essential, custodians = write_bundles(play.folder / "deal", list(files_of(make_deal())))
    document = play.json("inspect", essential, *custodians)
    assert document["files"][0]["simulated"] is True
    assert document["together"]["opens"] is False


def test_files_are_not_open_all_at_once(play):
    essential, custodians = play.split()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = max(int(path.name) for path in Path("/dev/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 3, hard))
    try:
        assert play.json("inspect", essential, *custodians)["together"]["opens"] is True
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"hello", "it is no share file, those begin with WSB1"),
        (b"", "it is cut off"),
        (b"WARDNET:AAAA", "the line after WARDNET: is no essential share"),
        (b"WSB1\x02", "it is cut off"),
        (b"WSB1\x02" + bytes(20), "its version is unknown, wants 1"),
    ],
)
def test_what_is_no_share_file_is_named(play, content, said):
    file = play.file("odd", content)
    status, why = play.bad("inspect", file)
    assert (status, why.startswith(f"{file}: {said}")) == (2, True), why
