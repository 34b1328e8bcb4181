"""The sentences of a server's own errors."""

from node.rpc.errors import UploadBrokenError, UploadTooSlowError


def test_a_stalled_upload_says_how_long_it_was_waited_for() -> None:
    assert str(UploadTooSlowError(30)) == "no piece of the body for 30 seconds"


def test_a_broken_upload_says_what_happened() -> None:
    assert "went away" in str(UploadBrokenError())
