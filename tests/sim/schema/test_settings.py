"""run, chain, records: defaults and bounds."""

import pytest

from tests.sim.schema.texts import HEAD, lines, scenario


def test_defaults_are_those_of_the_specification() -> None:
    resolved = scenario(HEAD).resolved()
    assert resolved["run"] == {
        "seed": 1,
        "until_us": 120_000_000,
        "epoch_us": 1_767_225_600_000_000,
        "budget": {"wall_us": 600_000_000, "events": 50_000_000, "memory_bytes": 2**31},
        "driver": "des",
        "execution": "shared",
        "verify": "shared",
    }
    assert resolved["chain"] == {
        "consensus": "qbft",
        "request_timeout_us": 4_000_000,
        "early_round_change": True,
        "empty_period_us": None,
        "validators_from": "contract",
        "options": {
            "wiggle": "geth",
            "out_of_turn_min_delay_us": 0,
            "two_thirds": False,
            "quorum": "2f_plus_1",
            "lock": True,
            "old_rounds": "drop",
            "strict_seals": False,
            "round_timeout_cap_us": None,
            "outside": {},
        },
        "fork_choice": "td",
        "period_us": 5_000_000,
        "epoch": 30_000,
        "id": 85_437,
        "gas_limit": 30_000_000,
        "executor": "py-evm",
        "token": "erc721",
    }
    assert resolved["records"] == {
        "sharing": {"scheme": "ssms-1tn", "t": 3, "n": 5},
        "recovery_wait_us": 172_800_000_000,
        "emergency_review_us": 259_200_000_000,
        "retention_us": 94_608_000_000_000,
        "retention_from": "last_treatment",
        "revocation": "standard",
        "timezone": "UTC",
        "first_patient_id": 1,
    }


@pytest.mark.parametrize(
    ("section", "is_fine"),
    [
        ("run: {seed: 0}", True),
        ("run: {seed: 9223372036854775807}", True),
        ("run: {seed: -1}", False),
        ("run: {driver: trio}", False),
        ("run: {execution: shared}", True),
        ("run: {execution: full}", True),
        ("run: {execution: none}", False),
        ("run: {verify: full}", True),
        ("chain: {consensus: my_engines.fast:Engine}", True),
        ("chain: {consensus: my_engines}", False),
        ("chain: {consensus: [qbft]}", False),
        ("chain: {options: {outside: {limit: 3, name: x, fast: true}}}", True),
        ("chain: {options: {outside: {limit: [3]}}}", False),
        ("chain: {options: {outside: 3}}", False),
        ("chain: {options: {quorum: half}}", False),
        ("chain: {id: 4503599627370476}", True),
        ("chain: {id: 4503599627370477}", False),
        ("chain: {id: 0}", False),
        ("chain: {id: 1}", False),
        ("chain: {id: 1337}", False),
        ("chain: {id: 31337}", False),
        ("chain: {id: 5777}", False),
        ("chain: {epoch: 1}", True),
        ("chain: {epoch: 0}", False),
        ("chain: {gas_limit: 5000}", True),
        ("chain: {gas_limit: 4999}", False),
        ("chain: {executor: py-evm}", True),
        ("chain: {executor: revm}", True),
        ("chain: {executor: none}", False),
        ("chain: {executor: 5}", False),
        ("chain: {token: erc1155}", True),
        ("records: {first_patient_id: 85437}", True),
        ("records: {first_patient_id: 0}", False),
        ("records: {sharing: {scheme: xor-1tn}}", False),
        ("records: {sharing: {t: 1}}", False),
        ("records: {sharing: {t: 2, n: 2}}", True),
        ("records: {sharing: {n: 256}}", False),
        ("records: {anonymise: basic}", False),
    ],
)
def test_bounds(section: str, is_fine: bool) -> None:
    assert (lines(HEAD + section + "\n") == []) is is_fine


def test_fast_is_revm_in_the_resolved_file() -> None:
    assert scenario(HEAD + "chain: {executor: fast}\n").resolved()["chain"]["executor"] == "revm"


def test_executor_that_is_none_is_told_with_its_place_and_the_names_there_are() -> None:
    (told,) = lines(HEAD + "run: {seed: 1}\nchain: {executor: geth}\n")
    assert told.startswith('4:9 chain.executor: wants one of py-evm, revm, fast, got "geth"')


def test_mode_of_execution_that_is_none_is_told_with_its_place() -> None:
    (told,) = lines(HEAD + "run: {seed: 1, execution: some}\n")
    assert told.startswith('3:16 run.execution: wants one of shared, full, got "some"')


@pytest.mark.parametrize("zone", ["../../etc/passwd", "America", "Asia/Nowhere", "''", "5", "/UTC"])
def test_what_is_no_time_zone_is_refused(zone: str) -> None:
    told = lines(HEAD + f"records: {{timezone: {zone}}}\n")
    assert "records.timezone: wants a time zone like Asia/Kolkata" in told[0]


def test_time_zone_that_is_nearly_right_gets_a_hint() -> None:
    told = lines(HEAD + "records: {timezone: Asia/Calcuta}\n")
    assert "did you mean Asia/Calcutta?" in told[0]
