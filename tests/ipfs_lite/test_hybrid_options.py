from node.base.limits import INLINE_BLOCK_BYTES_MAX, STORE_BYTES_MAX
from node.ipfs_lite.hybrid_options import StoreOptions


def test_without_a_word_reads_are_hashed_and_limits_are_those_of_the_house():
    options = StoreOptions()
    assert options.hash_on_read
    assert options.inline_bytes_max == INLINE_BLOCK_BYTES_MAX
    assert options.storage_bytes_max == STORE_BYTES_MAX


def test_no_secret_is_printed():
    options = StoreOptions(key=b"k" * 32, passphrase="ward seven")
    assert "kkk" not in repr(options)
    assert "ward" not in repr(options)
