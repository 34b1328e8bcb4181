import pytest

from node.base.errors import ConfigError
from node.ipfs_lite.profiles import DEFAULT_PROFILE, PROFILES, Estimate, Profile

_GOOD = {"cid_version": 1, "raw_leaves": True, "chunk_bytes": 4, "links_max": 3}


def test_the_default_is_the_ratified_profile():
    assert next(iter(PROFILES.values())) is DEFAULT_PROFILE
    assert DEFAULT_PROFILE.estimate is Estimate.BLOCK_BYTES
    assert all(name == profile.name for name, profile in PROFILES.items())


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"cid_version": 2}, "CIDv2, wants 0 or 1"),
        ({"chunk_bytes": 0}, "chunk of 0"),
        ({"chunk_bytes": 2 * 2**20}, "chunk of 2097152"),
        ({"links_max": 1}, "1 links"),
        ({"links_max": 8_193}, "8193 links"),
    ],
)
def test_a_profile_that_cannot_work_is_refused(changes, what):
    with pytest.raises(ConfigError, match=what):
        Profile("x", **(_GOOD | changes))
