import pytest

from tests.sim.schema.texts import HEAD, lines, scenario

FILE = (
    HEAD
    + "actors: {doctors: 1, patients: 1, devices: 2}\nsteps:\n"
    + "  - {do: consult, id: v, doctor: doc-1, patient: pat-1}\n"
    + "  - {do: file_readings, id: r, device: dev-1, kind: glucose, readings: 3}\n"
)


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("do: bind_device, device: dev-1, doctor: doc-1, pmr: v", "pmr", "v"),
        ("do: file_readings, device: dev-1, kind: heart_rate, readings: 1", "readings", 1),
        ("do: file_readings, device: dev-1, kind: heart_rate, readings: 1024", "anomaly", False),
        ("do: file_readings, device: dev-1, kind: glucose, readings: [104, -3]", "readings",
         (104, -3)),
        ("do: file_readings, device: dev-1, kind: glucose, readings: 2, every: 1m", "every_us",
         60_000_000),
        ("do: file_readings, device: dev-1, kind: glucose, readings: 2", "every_us", 10_000_000),
        ("do: replay_readings, device: dev-2, batch: r", "batch", "r"),
        ("do: raise_alert, device: dev-1, batch: r", "by", "device"),
        ("do: unbind_device, device: dev-1, by: patient", "by", "patient"),
        ("do: read_own, patient: pat-1, record: r", "record", "r"),
    ],
)  # fmt: skip
def test_a_step_of_devices_is_read(text: str, field: str, value: object) -> None:
    step = scenario(FILE + f"  - {{{text}}}\n").steps[-1]
    assert getattr(step, field) == value


@pytest.mark.parametrize(
    "text",
    [
        "do: bind_device, device: dev-9, doctor: doc-1, pmr: v",
        "do: bind_device, device: dev-1, doctor: doc-1, pmr: r",
        "do: file_readings, device: dev-1, kind: pulse, readings: 1",
        "do: file_readings, device: dev-1, kind: glucose, readings: 0",
        "do: file_readings, device: dev-1, kind: glucose, readings: 1025",
        "do: file_readings, device: dev-1, kind: glucose, readings: []",
        "do: file_readings, device: dev-1, kind: glucose, readings: [1.5]",
        "do: file_readings, device: dev-1, kind: glucose, readings: [true]",
        "do: file_readings, device: dev-1, kind: glucose, readings: [1000001]",
        "do: file_readings, device: dev-1, kind: glucose, readings: many",
        "do: file_readings, device: dev-1, kind: glucose, readings: 1, every: 0s",
        "do: replay_readings, device: dev-1, batch: v",
        "do: raise_alert, device: dev-1, batch: r, by: doctor",
        "do: unbind_device, device: doc-1",
    ],
)
def test_a_bad_step_is_told_once(text: str) -> None:
    assert len(lines(FILE + f"  - {{{text}}}\n")) == 1
