import pytest

from node.base.errors import ConfigError
from node.base.limits import INLINE_BLOCK_BYTES_MAX, STORE_BYTES_MAX
from node.ipfs_lite.hybrid_options import StoreOptions


def test_without_a_word_reads_are_hashed_and_limits_are_those_of_the_house():
    options = StoreOptions()
    assert options.hash_on_read
    assert options.inline_bytes_max == INLINE_BLOCK_BYTES_MAX
    assert options.storage_bytes_max == STORE_BYTES_MAX


def test_no_secret_is_printed():
    assert "kkk" not in repr(StoreOptions(key=b"k" * 32))
    assert "ward" not in repr(StoreOptions(passphrase="ward seven"))


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"inline_bytes_max": -1}, "inline_bytes_max is -1"),
        ({"storage_bytes_max": -1}, "storage_bytes_max is -1"),
        ({"key": bytes(32), "passphrase": "ward"}, "not both"),
    ],
)
def test_what_cannot_be_meant_is_refused(options, what):
    with pytest.raises(ConfigError, match=what):
        StoreOptions(**options)


def test_nothing_inline_and_no_room_at_all_can_be_meant():
    assert StoreOptions(inline_bytes_max=0, storage_bytes_max=0).inline_bytes_max == 0
