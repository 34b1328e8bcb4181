"""What is told of a reading, by whom, and that its value is not."""

import pytest

from node.base.keccak import keccak256
from node.contracts.bindings.iomt_registry import (
    AlertRaised,
)
from node.contracts.errors import CallArgumentError
from node.contracts.government_actions import SuspendDoctor
from node.contracts.iomt_registry import batch_id_of
from tests.contracts.devices import (
    KIND,
    REASON,
    V1,
    WORD,
    binding,
    domain_of,
    erase,
    filing,
    measured,
    refused,
    send,
    telling,
)
from tests.contracts.world import World, content


@pytest.fixture
def bound(world: World) -> World:
    send(world, "d1", binding(world))
    return world


@pytest.fixture
def filed(bound: World) -> World:
    send(bound, "v1", filing(bound, measured(bound)))
    return bound


@pytest.mark.parametrize("caller", ["v1", "h1"])
def test_an_alert_tells_all_but_the_value(filed: World, caller: str) -> None:
    outcome = send(filed, caller, telling(filed, measured(filed), 1))
    batch_id = batch_id_of(V1, 0)
    assert filed.events(outcome) == [AlertRaised(85_437, V1, batch_id, 1, KIND, WORD)]
    devices = filed.suite.devices
    told = [filed.view(devices.is_alerted(V1, sequence)) for sequence in range(3)]
    assert told == [False, True, False]


@pytest.mark.parametrize("caller", ["v1", "h1"])
def test_a_reading_alerts_once(filed: World, caller: str) -> None:
    send(filed, "v1", telling(filed, measured(filed), 1))
    assert refused(filed, caller, telling(filed, measured(filed), 1)).name == "AlreadyAlerted"
    send(filed, caller, telling(filed, measured(filed), 2))


@pytest.mark.parametrize(
    ("caller", "error"),
    [
        ("h2", "NotDeviceHospital"),
        ("v2", "HospitalNotVerified"),
        ("d1", "HospitalNotVerified"),
        ("p1", "HospitalNotVerified"),
    ],
)
def test_nobody_else_raises_an_alert(filed: World, caller: str, error: str) -> None:
    assert refused(filed, caller, telling(filed, measured(filed))).name == error


def test_an_alert_of_no_batch_is_refused(filed: World) -> None:
    assert refused(filed, "v1", telling(filed, measured(filed), of=1)).name == "BatchUnknown"


def test_an_alert_names_its_reason(filed: World) -> None:
    assert refused(filed, "v1", telling(filed, measured(filed), reason="")).name == "ReasonMissing"


def test_a_reason_that_is_no_code_word_is_not_sent(filed: World) -> None:
    with pytest.raises(CallArgumentError):
        telling(filed, measured(filed), reason="x" * 33)


@pytest.mark.parametrize("field", range(4))
def test_a_reading_that_was_changed_is_unknown(filed: World, field: int) -> None:
    batch, devices = measured(filed), filed.suite.devices
    shown = list(batch.shown(0))
    word = shown[field]
    shown[field] = word + 1 if isinstance(word, int) else bytes([word[0] ^ 1]) + word[1:]
    proof = batch.proof(0, domain_of(filed))
    data = devices.raise_alert(
        batch_id_of(V1, 0),
        shown=tuple(shown),  # type: ignore[arg-type]
        proof=proof,
        reason=REASON,
    )
    assert refused(filed, "v1", data).name == "ReadingUnknown"


@pytest.mark.parametrize("first", [0, 5, 8])
def test_a_reading_with_a_number_outside_its_batch_is_unknown(filed: World, first: int) -> None:
    """A device that signs numbers it has no right to gains nothing: 3 and 4 were filed."""
    forged = measured(filed, 2, first=first)
    data = filed.suite.devices.file_readings(
        3, count=2, root=forged.root(domain_of(filed)), content=content("forged")
    )
    send(filed, "v1", data)
    assert refused(filed, "v1", telling(filed, forged, 0, of=3)).name == "ReadingUnknown"


def test_an_inner_node_of_the_tree_is_no_reading(filed: World) -> None:
    batch, domain = measured(filed), domain_of(filed)
    one, other, third = batch.leaves(domain)
    inner = keccak256(b"".join(sorted((one, other))))
    devices = filed.suite.devices
    assert filed.view(devices.is_reading(batch_id_of(V1, 0), inner, (third,)))
    # the tree knows the node, but no Reading has it as its leaf: no alert can show one
    data = devices.raise_alert(
        batch_id_of(V1, 0), shown=batch.shown(0), proof=(third,), reason=REASON
    )
    assert refused(filed, "v1", data).name == "ReadingUnknown"


def test_an_erased_record_raises_no_alert(filed: World) -> None:
    erase(filed)
    assert refused(filed, "v1", telling(filed, measured(filed))).name == "RecordErased"


def test_a_device_of_another_patient_is_silent_about_the_last_one(filed: World) -> None:
    send(filed, "p1", filed.suite.devices.unbind(V1))
    alert = telling(filed, measured(filed))
    assert refused(filed, "v1", alert).name == "DeviceUnknown"
    assert len(filed.events(send(filed, "h1", alert))) == 1


def test_what_was_filed_may_be_told_of_although_the_doctor_is_suspended(filed: World) -> None:
    filed.enact(SuspendDoctor(1, 2**64 - 1))
    assert len(filed.events(send(filed, "v1", telling(filed, measured(filed))))) == 1


def test_no_value_and_no_salt_stands_in_what_an_alert_sends(filed: World) -> None:
    batch = measured(filed)
    data = telling(filed, batch)
    assert batch.readings[0].salt not in data
    assert (70).to_bytes(32) not in data
