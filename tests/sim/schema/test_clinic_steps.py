import pytest

from tests.sim.schema.texts import HEAD, faults, scenario

FILE = (
    HEAD
    + "actors: {doctors: 2, patients: 2, insurers: {ins-1: {hospital: h0}}}\nsteps:\n"
    + "  - {do: consult, id: v, doctor: doc-1, patient: pat-1}\n"
    + "  - {do: open_slot, id: s, doctor: doc-1, in: 1h, length: 20m, count: 3}\n"
    + "  - {do: book_appointment, id: b, patient: pat-1, slots: s, slot: 2}\n"
    + "  - {do: bind_policy, id: p, insurer: ins-1, patient: pat-1, for: 30d}\n"
    + "  - {do: claim_insurance, id: c, policy: p, pmr: v, amount: 5}\n"
)


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("do: open_slot, doctor: doc-2, in: 5m", "length_us", 900_000_000),
        ("do: open_slot, doctor: doc-2, in: 5m", "count", 1),
        ("do: open_slot, doctor: doc-2, in: 5m, count: 24", "count", 24),
        ("do: book_appointment, patient: pat-2, slots: s", "slot", 0),
        ("do: move_appointment, appointment: b, slots: s, slot: 1", "slot", 1),
        ("do: cancel_appointment, appointment: b", "by", "patient"),
        ("do: cancel_appointment, appointment: b, by: doctor", "by", "doctor"),
        ("do: bind_policy, insurer: ins-1, patient: pat-2, for: 1h", "covers", None),
        (
            "do: bind_policy, insurer: ins-1, patient: pat-2, for: 1h, covers: [lab, iomt]",
            "covers",
            ("lab", "iomt"),
        ),
        ("do: claim_insurance, policy: p, pmr: v, amount: 1", "entries", None),
        ("do: claim_insurance, policy: p, pmr: v, amount: 1, hospital: h1", "hospital", "h1"),
        (
            "do: claim_insurance, policy: p, pmr: v, amount: 1, entries: [0, 255]",
            "entries",
            (0, 255),
        ),
        ("do: decide_claim, claim: c", "approved", None),
        ("do: decide_claim, claim: c, approved: 0, reason: CO-45", "reason", "CO-45"),
        ("do: rebuild, record: c, custodians: [h0], essential: true", "record", "c"),
    ],
)
def test_a_step_of_the_desk_is_read(text: str, field: str, value: object) -> None:
    step = scenario(FILE + f"  - {{{text}}}\n").steps[-1]
    assert getattr(step, field) == value


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("do: open_slot, doctor: doc-1, in: 0s", "in"),
        ("do: open_slot, doctor: doc-1, in: 1h, count: 0", "count"),
        ("do: open_slot, doctor: doc-1, in: 1h, count: 25", "count"),
        ("do: open_slot, doctor: doc-1", "in"),
        ("do: book_appointment, patient: pat-1, slots: v", "slots"),
        ("do: book_appointment, patient: pat-1, slots: s, slot: 24", "slot"),
        ("do: move_appointment, appointment: s, slots: s", "appointment"),
        ("do: cancel_appointment, appointment: b, by: nobody", "by"),
        ("do: bind_policy, insurer: doc-1, patient: pat-1, for: 1h", "insurer"),
        ("do: bind_policy, insurer: ins-1, patient: pat-1, for: 1h, covers: []", "covers"),
        ("do: claim_insurance, policy: b, pmr: v, amount: 1", "policy"),
        ("do: claim_insurance, policy: p, pmr: v, amount: 0", "amount"),
        ("do: claim_insurance, policy: p, pmr: v, amount: 1, entries: []", "entries"),
        ("do: claim_insurance, policy: p, pmr: v, amount: 1, entries: 3", "entries"),
        ("do: claim_insurance, policy: p, pmr: v, amount: 1, entries: [256]", "entries[0]"),
        (
            f"do: claim_insurance, policy: p, pmr: v, amount: 1, entries: {list(range(9))}",
            "entries",
        ),
        ("do: decide_claim, claim: p", "claim"),
        ("do: decide_claim, claim: c, approved: -1", "approved"),
        ("do: decide_claim, claim: c, reason: too many words", "reason"),
        (f"do: decide_claim, claim: c, reason: {'X' * 33}", "reason"),
    ],
)
def test_a_bad_step_is_told_once_and_where(text: str, path: str) -> None:
    [fault] = faults(FILE + f"  - {{{text}}}\n")
    place = fault.path.removeprefix("steps[5]")
    assert place in ("", f".{path}")
    assert place or path in str(fault)
