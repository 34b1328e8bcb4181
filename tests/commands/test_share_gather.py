"""Which files serve together; the sentences are tested in ``test_share_combine``."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from node.base.errors import UsageError
from node.commands.share_files import ShareFileError
from node.commands.share_gather import gather
from node.sss.errors import ShareMissingError
from node.sss.essential_text import to_text
from node.sss.shares import share_digest
from tests.commands.share_play import real_bundles, write_bundles


def _with_own_manifest(bundles):
    """Let custodian 1 list another digest for custodian 2."""
    own = bundles[1].manifest
    digests = (*own.digests[:2], bytes(32), *own.digests[3:])
    return [
        bundles[0],
        replace(bundles[1], manifest=replace(own, digests=digests)),
        *bundles[2:],
    ]


def test_custodians_come_in_order_of_index(tmp_path):
    essential, custodians = write_bundles(tmp_path / "deal", real_bundles())
    with ExitStack() as stack:
        found = gather(stack, essential, custodians[::-1])
        assert list(found.custodians) == [1, 2, 3, 4]
        assert [one.path for one in found.custodians.values()] == custodians
        assert found.bad == []


def test_a_line_takes_the_manifest_that_the_custodians_agree_on(tmp_path):
    bundles = real_bundles()
    _, custodians = write_bundles(tmp_path / "deal", bundles)
    line = tmp_path / "line"
    line.write_text(to_text(bundles[0].share))
    with ExitStack() as stack:
        found = gather(stack, line, custodians[:2])
        assert found.essential == bundles[0]


def test_a_line_cannot_tell_which_of_two_manifests_is_right(tmp_path):
    bundles = _with_own_manifest(real_bundles())
    _, custodians = write_bundles(tmp_path / "deal", bundles)
    line = tmp_path / "line"
    line.write_text(to_text(bundles[0].share))
    with ExitStack() as stack, pytest.raises(ShareFileError, match="its manifest differs"):
        gather(stack, line, custodians[:2])


def test_the_line_itself_is_no_name_of_a_file(tmp_path):
    """It would stay in the history of the shell, and errors would print it."""
    line = to_text(real_bundles()[0].share)
    with ExitStack() as stack, pytest.raises(UsageError) as found:
        gather(stack, Path(line), [])
    assert line[8:40] not in str(found.value)


def test_what_is_left_out_later_is_counted(tmp_path):
    essential, custodians = write_bundles(tmp_path / "deal", real_bundles())
    with ExitStack() as stack:
        found = gather(stack, essential, custodians[:3])
        found.leave_out(2, "lies")
        assert list(found.custodians) == [1, 3]
        with pytest.raises(ShareFileError, match="lies") as raised:
            found.leave_out(1, "lies too")
    assert raised.value.path == str(custodians[1])
    assert raised.value.hint == "1 of 2 needed custodian indices are present: 3"


def test_too_few_files_are_too_few(tmp_path):
    essential, custodians = write_bundles(tmp_path / "deal", real_bundles())
    with ExitStack() as stack, pytest.raises(ShareMissingError):
        gather(stack, essential, custodians[:1])


def test_a_part_that_the_manifest_does_not_list_is_left_out(tmp_path):
    """A share and a fragment that are whole in themselves: a custodian's own, or of a re-deal."""
    bundles = real_bundles()
    share = replace(bundles[1].share, salt=bytes(32))
    body = bundles[2].fragment[:-40] + bytes(8)
    bundles[1] = replace(bundles[1], share=share)
    bundles[2] = replace(bundles[2], fragment=body + share_digest(body))
    essential, custodians = write_bundles(tmp_path / "deal", bundles)
    with ExitStack() as stack:
        found = gather(stack, essential, custodians)
        assert list(found.custodians) == [3, 4]
        assert [str(error) for error in found.bad] == [
            f"{custodians[0]}: its share is not the one that the manifest lists",
            f"{custodians[1]}: its fragment is not the one that the manifest lists",
        ]
