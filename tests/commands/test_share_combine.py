"""``wardnet share combine``: the record or a sentence, never a part of it."""

import errno
import os
import stat
from dataclasses import replace

import pytest

from node.base.rng import TreeEntropy
from node.commands import share_combine
from node.sss.bundle import Bundle, bundles_of
from node.sss.drbg import SeedsUsed
from node.sss.essential_text import to_text
from node.sss.schemes import deal_record
from node.sss.shares import Scheme
from node.sss.terms import Profile
from tests.commands.share_play import (
    RECORD,
    SCHEMES,
    SharePlay,
    real_bundles,
    spoil,
    write_bundles,
)
from tests.sss.deals import custodian_addresses, make_terms


@pytest.fixture
def play(tmp_path, capfdbinary):
    return SharePlay(tmp_path, capfdbinary)


def test_the_record_goes_to_a_new_file_of_its_owner(play):
    essential, custodians = play.split()
    out = play.folder / "record"
    document = play.json("combine", "--essential", essential, *custodians[1:3], "--out", out)
    assert out.read_bytes() == RECORD
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert (document["custodians"], document["left_out"]) == ([2, 3], [])
    assert (document["out"], document["record_bytes"]) == (str(out), len(RECORD))


def test_a_folder_gets_record_bin(play):
    essential, custodians = play.split()
    (play.folder / "there").mkdir()
    play.good("combine", "--essential", essential, *custodians, "--out", play.folder / "there")
    assert (play.folder / "there" / "record.bin").read_bytes() == RECORD


def test_stdout_gets_the_record_and_no_file_is_left(play):
    essential, custodians = play.split()
    before = play.names()
    assert play.combine(essential, custodians) == RECORD
    assert play.names() == before


def test_what_exists_is_not_replaced(play):
    essential, custodians = play.split()
    out = play.file("record", b"old")
    status, why = play.bad("combine", "--essential", essential, *custodians, "--out", out)
    assert (status, "record: exists already" in why) == (2, True)
    assert out.read_bytes() == b"old"


def test_json_and_the_record_do_not_share_stdout(play):
    essential, custodians = play.split()
    status, why = play.bad_json("combine", "--essential", essential, *custodians)
    assert (status, "wants --out" in why) == (2, True)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("at", [4, 30, 200, 700, -1, -40])
def test_a_changed_byte_is_named_and_the_record_is_rebuilt_from_the_others(play, scheme, at):
    essential, custodians = play.split(scheme=scheme)
    spoil(custodians[1], at)
    words = ("combine", "--essential", essential)
    status, out, err = play.run(*words, *custodians[:3])
    assert (status, out) == (0, RECORD), err
    assert f"warning: {custodians[1]}: " in err
    assert "with custodians 1, 3" in err
    _, why = play.bad(*words, *custodians[:2], "--out", play.folder / "record")
    assert why.startswith(f"{custodians[1]}: ")
    assert not (play.folder / "record").exists()


@pytest.mark.parametrize(
    ("spoiled", "said"),
    [
        (lambda raw: raw[:-1], "it is cut off"),
        (lambda raw: raw[: len(raw) // 2], "it is cut off"),
        (lambda raw: raw + b"x", "bytes follow its end"),
        (lambda _: b"", "it is cut off"),
        (lambda _: b"hello", "it is no share file"),
        (lambda raw: raw[:4] + b"\x02" + raw[5:], "its version is unknown, wants 1"),
    ],
)
def test_a_file_that_is_none_is_told_with_its_name_and_what_is_left(play, spoiled, said):
    essential, custodians = play.split()
    custodians[0].write_bytes(spoiled(custodians[0].read_bytes()))
    status, out, err = play.run("combine", "--essential", essential, *custodians[:2])
    assert (status, out) == (2, b"")
    assert f"error: {custodians[0]}: " in err
    assert said in err
    assert "hint: 1 of 2 needed custodian indices are present: 2" in err


@pytest.mark.parametrize(("at", "said"), [(4, "version is unknown"), (5, "scheme is unknown")])
def test_an_unknown_version_or_scheme_of_the_deal_is_told(play, at, said):
    """Format and scheme byte of the deal header, behind the front, a length and the manifest's."""
    essential, custodians = play.split()
    spoil(custodians[0], 12 + 8 + 12 + at, 0x70)
    status, why = play.bad("combine", "--essential", essential, *custodians[:2])
    assert (status, said in why) == (2, True), why


def test_two_files_of_one_index_are_refused(play):
    essential, custodians = play.split()
    copy = play.file("copy", custodians[0].read_bytes())
    status, why = play.bad("combine", "--essential", essential, *custodians[:2], copy)
    assert (status, why) == (2, f"{copy}: has the index 1, and so has {custodians[0]}")


def test_files_of_different_records_are_refused(play):
    essential, custodians = play.split("one")
    _, others = play.split("two")
    status, why = play.bad("combine", "--essential", essential, *custodians[:3], others[3])
    assert (status, f"{others[3]}: is of another record" in why) == (2, True)


def test_the_essential_share_of_another_record_is_refused(play):
    _, custodians = play.split("one")
    essential, _ = play.split("two")
    status, why = play.bad("combine", "--essential", essential, *custodians)
    assert (status, "the essential share is wrong" in why) == (2, True)
    assert str(essential) in why


def test_a_custodians_file_is_no_essential_share_and_the_reverse(play):
    essential, custodians = play.split()
    status, why = play.bad("combine", "--essential", custodians[2], *custodians[:2])
    assert (status, "is the file of custodian 3" in why) == (2, True)
    status, why = play.bad("combine", "--essential", essential, essential, *custodians[:2])
    assert (status, "name it with --essential" in why) == (2, True)


def test_a_damaged_essential_share_is_named(play):
    essential, custodians = play.split()
    spoil(essential, -40)
    status, why = play.bad("combine", "--essential", essential, *custodians)
    assert (status, why.startswith(f"{essential}: its bytes were changed")) == (2, True)


def test_shares_of_different_epochs_are_refused(play):
    bundles = real_bundles()
    share = replace(bundles[1].share, epoch=1)
    manifest = replace(bundles[1].manifest, epoch=1)
    bundles[1] = replace(bundles[1], share=share, manifest=manifest)
    essential, custodians = write_bundles(play.folder / "deal", bundles)
    status, why = play.bad("combine", "--essential", essential, *custodians)
    assert (status, f"{custodians[0]}: is of epoch 1" in why) == (2, True)


def test_missing_files_are_named(play):
    essential, custodians = play.split()
    none = play.folder / "none"
    for words in ((essential, *custodians, none), (none, *custodians)):
        status, why = play.bad("combine", "--essential", *words)
        assert (status, "none: No such file" in why) == (2, True)


def _with_lies(bundles, liars):
    """Change the payload of shares, and let the dealer's manifest list what became of them."""
    manifest = bundles[0].manifest
    digests = list(manifest.digests)
    shares = [one.share for one in bundles]
    for x in liars:
        payload = bytes(byte ^ 0x55 for byte in shares[x].payload)
        shares[x] = replace(shares[x], payload=payload)
        digests[x] = shares[x].digest()
    manifest = replace(manifest, digests=tuple(digests))
    return [
        replace(one, share=share, manifest=manifest)
        for one, share in zip(bundles, shares, strict=True)
    ]


@pytest.mark.parametrize("scheme", [Scheme.SSMS, Scheme.XOR, Scheme.NLSS_Q])
@pytest.mark.parametrize("liar", [1, 2, 3])
def test_a_lie_that_the_manifest_covers_is_named_by_its_file(play, scheme, liar):
    """The commitment tells: three shares, two needed, one of them wrong."""
    bundles = _with_lies(real_bundles(scheme=scheme), [liar])
    essential, custodians = write_bundles(play.folder / "deal", bundles)
    status, out, err = play.run("combine", "--essential", essential, *custodians[:3])
    assert (status, out) == (0, RECORD), err
    assert f"warning: {custodians[liar - 1]}: its share does not fit the others: left out" in err


def test_a_lie_among_just_enough_shares_gives_nothing(play):
    essential, custodians = write_bundles(play.folder / "deal", _with_lies(real_bundles(), [1]))
    words = ("--essential", essential, *custodians[:2], "--out", play.folder / "record")
    status, why = play.bad("combine", *words)
    assert (status, "the shares do not make the committed key" in why) == (3, True)
    assert not (play.folder / "record").exists()


def test_a_manifest_of_ones_own_does_not_stop_the_others(play):
    """Custodian 1 lists another digest for custodian 2: the patient's manifest decides."""
    bundles = real_bundles()
    own = bundles[1].manifest
    digests = (*own.digests[:2], bytes(32), *own.digests[3:])
    bundles[1] = replace(bundles[1], manifest=replace(own, digests=digests))
    essential, custodians = write_bundles(play.folder / "deal", bundles)
    status, out, err = play.run("combine", "--essential", essential, *custodians)
    assert (status, out) == (0, RECORD)
    assert f"warning: {custodians[0]}: its manifest is not the one that the record is " in err


@pytest.mark.parametrize("is_line", [True, False])
@pytest.mark.parametrize("liar", [1, 2, 3])
def test_a_custodian_who_rewrites_the_whole_file_is_left_out(play, is_line, liar):
    """Own share, and a manifest that fits it; the line of a QR code says only which deal it is."""
    bundles = real_bundles()
    share = replace(bundles[liar].share, payload=bytes(32))
    digests = list(bundles[liar].manifest.digests)
    digests[liar] = share.digest()
    manifest = replace(bundles[liar].manifest, digests=tuple(digests))
    bundles[liar] = replace(bundles[liar], share=share, manifest=manifest)
    essential, custodians = write_bundles(play.folder / "deal", bundles)
    if is_line:
        essential = play.file("line", to_text(bundles[0].share).encode())
    words = ("combine", "--essential", essential)
    status, out, err = play.run(*words, *custodians[:3])
    assert (status, out) == (0, RECORD), err
    assert f"warning: {custodians[liar - 1]}: " in err
    others = [path for at, path in enumerate(custodians, start=1) if at != liar]
    assert play.bad(*words, custodians[liar - 1], others[0])[0] == 2


def test_a_deal_of_a_simulation_is_refused(play):
    dealt = deal_record(
        Scheme.SSMS,
        RECORD,
        make_terms(t=3, n=5),
        entropy=TreeEntropy(1, "deal"),
        seeds=SeedsUsed(),
        profile=Profile.SIMULATION,
    )
    bundles: list[Bundle] = list(bundles_of(dealt, dealt.manifest(custodian_addresses(4))))
    essential, custodians = write_bundles(play.folder / "deal", bundles)
    status, why = play.bad("combine", "--essential", essential, *custodians)
    assert (status, "made by a simulation" in why) == (2, True)


@pytest.mark.parametrize("name", ["none/record", "file/record"])
def test_an_output_that_cannot_be_made_is_named(play, name):
    essential, custodians = play.split()
    play.file("file", b"")
    out = play.folder / name
    status, why = play.bad("combine", "--essential", essential, *custodians, "--out", out)
    assert (status, str(out.parent) in why) == (2, True)


def test_a_full_disk_is_told_and_leaves_no_part_of_the_record(play, monkeypatch):
    essential, custodians = play.split()
    before = play.names()

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    out = play.folder / "record"
    status, why = play.bad("combine", "--essential", essential, *custodians, "--out", out)
    assert (status, why) == (3, f"{out}: No space left on device")
    assert play.names() == before


def test_ctrl_c_leaves_no_part_of_the_record(play, monkeypatch):
    """It comes when the record is written and has not got its name yet."""
    essential, custodians = play.split()
    before = play.names()
    seen = []

    def stopped(handle):
        seen.append(os.fstat(handle).st_size)
        assert play.names() == before
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stopped)
    out = play.folder / "record"
    assert play.run("combine", "--essential", essential, *custodians, "--out", out)[0] == 130
    assert seen == [len(RECORD)]
    assert play.names() == before


def test_stdout_gets_nothing_before_the_check(play, monkeypatch):
    """A fragment that fits the manifest and makes no authentic record: the tag tells at the end."""
    bundles = real_bundles()
    fragment = bytearray(bundles[1].fragment)
    fragment[100] ^= 1
    forged = share_of(fragment)
    manifest = bundles[0].manifest
    entries = (replace(manifest.fragments[0], digest=forged[-32:]), *manifest.fragments[1:])
    manifest = replace(manifest, fragments=entries)
    bundles = [replace(one, manifest=manifest) for one in bundles]
    bundles[1] = replace(bundles[1], fragment=forged)
    essential, custodians = write_bundles(play.folder / "deal", bundles)
    status, why = play.bad("combine", "--essential", essential, *custodians[:2])
    assert (status, "make no authentic record" in why) == (2, True)
    assert str(custodians[0]) in why


def share_of(container):
    """Give a container whose digest fits."""
    from node.sss.shares import share_digest

    body = bytes(container[:-32])
    return body + share_digest(body)


def test_the_record_has_a_fixed_name_in_a_folder():
    assert share_combine.RECORD_NAME == "record.bin"
