"""Fork schedules of go-ethereum's genesis files."""

from dataclasses import replace

import pytest

from node.base.errors import ConfigError
from node.evm.foreign_forks import read_schedule
from node.evm.forks import BlobLimits, Fork
from tests.base.headers import frontier_header
from tests.evm.foreign_chain import FORK_NAMES, apis_book, config_of

HEADER = frontier_header()
SPREAD = {name: 10 * at for at, name in enumerate(FORK_NAMES[:10], 1)}
MERGED = SPREAD | {
    "shanghaiTime": 1000,
    "cancunTime": 2000,
    "pragueTime": 3000,
    "terminalTotalDifficulty": 10**22,
}


def _profile(config, number, time=0, difficulty=1):
    header = replace(HEADER, number=number, timestamp=time, difficulty=difficulty)
    return read_schedule(config).profile(header)


@pytest.mark.parametrize(
    ("number", "fork"),
    [
        (0, Fork.FRONTIER),
        (9, Fork.FRONTIER),
        (10, Fork.HOMESTEAD),
        (20, Fork.TANGERINE_WHISTLE),
        (30, Fork.TANGERINE_WHISTLE),  # eip155Block: signatures only
        (40, Fork.SPURIOUS_DRAGON),
        (50, Fork.BYZANTIUM),
        (60, Fork.CONSTANTINOPLE),
        (70, Fork.PETERSBURG),
        (80, Fork.ISTANBUL),
        (90, Fork.BERLIN),
        (99, Fork.BERLIN),
        (100, Fork.LONDON),
        (10**9, Fork.LONDON),
    ],
)
def test_forks_before_the_merge_come_by_number(number, fork):
    assert _profile(SPREAD, number).fork is fork


@pytest.mark.parametrize(
    ("time", "fork"),
    [
        (0, Fork.PARIS),
        (999, Fork.PARIS),
        (1000, Fork.SHANGHAI),
        (1999, Fork.SHANGHAI),
        (2000, Fork.CANCUN),
        (3000, Fork.PRAGUE),
        (2**64 - 1, Fork.PRAGUE),
    ],
)
def test_forks_after_the_merge_come_by_time(time, fork):
    assert _profile(MERGED, 100, time, difficulty=0).fork is fork


def test_time_forks_wait_for_proof_of_stake():
    assert _profile(MERGED, 100, 2000, difficulty=1).fork is Fork.LONDON


def test_without_a_terminal_difficulty_there_is_no_merge():
    assert _profile(SPREAD, 100, difficulty=0).fork is Fork.LONDON


def test_a_chain_that_merges_before_london_stays_what_it_was():
    assert _profile(MERGED, 99, 5000, difficulty=0).fork is Fork.BERLIN


def test_signatures_name_a_chain_from_eip_155_on():
    assert not _profile(SPREAD, 29).is_replay_protected
    assert _profile(SPREAD, 30).is_replay_protected
    assert not _profile({}, 10**6).is_replay_protected


def test_at_genesis_times_count_without_a_merge():
    schedule = read_schedule(config_of(Fork.PRAGUE))
    assert schedule.at_genesis(0).fork is Fork.PRAGUE
    assert read_schedule(MERGED).at_genesis(5000).fork is Fork.FRONTIER


def test_without_its_own_number_petersburg_comes_with_constantinople():
    config = config_of(Fork.CONSTANTINOPLE)
    assert _profile(config, 1).fork is Fork.PETERSBURG


def test_a_later_fork_wants_petersburg_said_as_in_go_ethereum():
    config = config_of(Fork.ISTANBUL)
    del config["petersburgBlock"]
    with pytest.raises(ConfigError, match="istanbulBlock is set, wants petersburgBlock"):
        read_schedule(config)


def test_profiles_of_one_fork_are_the_same_object():
    assert _profile(SPREAD, 95) is _profile(MERGED, 91)


@pytest.mark.parametrize("name", ["osakaTime", "bpo1Time", "verkleTime", "etcBlock"])
def test_a_fork_that_is_too_new_is_named_when_it_is_reached(name):
    first = 7 if name.endswith("Block") else 3500
    config = MERGED | {name: first}
    number = 6 if name.endswith("Block") else 200
    assert _profile(config, number, 3499, difficulty=0)
    with pytest.raises(ConfigError, match=f"config.{name} = {first} is reached at block"):
        _profile(config, 200, 3500, difficulty=0)


def test_a_fork_that_is_set_to_null_is_none():
    assert read_schedule(config_of(Fork.LONDON, osakaTime=None, cancunTime=None)).too_new == ()


@pytest.mark.parametrize(
    "name",
    [
        "muirGlacierBlock",
        "arrowGlacierBlock",
        "grayGlacierBlock",
        "mergeNetsplitBlock",
        "mergeForkBlock",
        "daoForkBlock",
    ],
)
def test_ice_ages_change_nothing(name):
    changed = config_of(Fork.LONDON) | {name: 5}
    assert _profile(changed, 9) is _profile(config_of(Fork.LONDON), 9)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"berlinBlock": None}, "londonBlock is set, wants berlinBlock"),
        ({"homesteadBlock": None}, "eip150Block is set, wants homesteadBlock"),
        ({"berlinBlock": 5, "londonBlock": 4}, "londonBlock = 4, wants berlinBlock = 5 first"),
        ({"eip155Block": "0x9"}, "eip158Block = 0, wants eip155Block = 9 first"),
        ({"cancunTime": 5}, "cancunTime is set, wants shanghaiTime"),
        ({"shanghaiTime": 5, "cancunTime": 4}, "cancunTime = 4, wants shanghaiTime = 5 first"),
        ({"londonBlock": "soon"}, "londonBlock wants a number"),
        ({"osakaTime": "soon"}, "osakaTime wants a number"),
        ({"terminalTotalDifficulty": -1}, "terminalTotalDifficulty wants"),
        ({"daoForkSupport": True}, "daoForkSupport"),
        ({"depositContractAddress": "0x00"}, "depositContractAddress has 1 bytes"),
        ({"blobSchedule": []}, "blobSchedule wants an object"),
        ({"blobSchedule": {"cancun": 3}}, "cancun wants an object"),
        ({"blobSchedule": {"cancun": {"target": 3}}}, "max wants a number"),
        (
            {"blobSchedule": {"cancun": {"target": 3, "max": 2, "baseFeeUpdateFraction": 1}}},
            "target <= max",
        ),
        (
            {"blobSchedule": {"prague": {"target": 0, "max": 0, "baseFeeUpdateFraction": 0}}},
            "fraction of at least 1000000",
        ),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(changes, says):
    with pytest.raises(ConfigError, match=says):
        read_schedule(config_of(Fork.LONDON) | changes)


def test_time_forks_need_not_lie_above_block_numbers():
    assert read_schedule(SPREAD | {"shanghaiTime": 5}).times == ((Fork.SHANGHAI, 5),)


def test_blobs_have_the_limits_of_mainnet_unless_the_genesis_says_otherwise():
    plain = read_schedule(config_of(Fork.PRAGUE))
    assert plain.at_genesis(0).blobs == BlobLimits(6, 9, 5_007_716)
    own = {"cancun": {"target": 1, "max": 2, "baseFeeUpdateFraction": 3_000_000}}
    cancun = read_schedule(config_of(Fork.CANCUN, blobSchedule=own))
    assert cancun.at_genesis(0).blobs == BlobLimits(1, 2, 3_000_000)
    prague = read_schedule(config_of(Fork.PRAGUE, blobSchedule=own))
    assert prague.at_genesis(0).blobs == BlobLimits(6, 9, 5_007_716)


@pytest.mark.conformance
def test_the_chain_of_execution_apis_goes_through_all_forks_but_frontier():
    book, _ = apis_book()
    seen = [book.context(block.header.hash()).profile.fork for block in book.line]
    assert seen == sorted(seen)
    assert set(seen) == set(Fork) - {Fork.FRONTIER}


@pytest.mark.parametrize("engine", ["qbft", "ibft", "ibft2"])
def test_a_genesis_of_besu_may_leave_out_the_forks_before_its_newest(engine):
    config = {"chainId": 1, "constantinopleBlock": 5, "berlinBlock": 9, engine: {}}
    assert _profile(config, 4).fork is Fork.FRONTIER
    assert _profile(config, 5).fork is Fork.CONSTANTINOPLE
    assert _profile(config, 9).fork is Fork.BERLIN
    with pytest.raises(ConfigError, match="homesteadBlock"):
        read_schedule({"chainId": 1, "berlinBlock": 9, "clique": {}})


def test_permissions_of_goquorum_are_no_fork():
    assert read_schedule(SPREAD | {"qip714Block": 0}).too_new == ()
