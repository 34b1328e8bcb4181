"""Readings: signatures, what a leaf covers, and the strict record of a batch."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base.errors import PeerError
from node.base.keccak import keccak256
from node.base.keys import PrivateKey
from node.base.limits_records import BATCH_READINGS_COUNT_MAX
from node.base.rng import TreeEntropy
from node.base.types import Address
from node.privacy.canonical_json import EXACT_INTEGER_MAX, encode
from node.privacy.consent import Domain
from node.privacy.errors import ReadingSignatureError, RecordError
from node.privacy.merkle import is_proven
from node.privacy.readings import (
    SEQUENCE_MAX,
    ReadingBatch,
    Sample,
    batch_document,
    kind_word,
    read_batch,
    sign_readings,
)
from node.privacy.record import RecordKind, body_of, open_ready, parse_body, seal_ready

DEVICE = PrivateKey.from_bytes(keccak256(b"a device"))
OTHER = PrivateKey.from_bytes(keccak256(b"another device"))
DOMAIN = Domain(7, Address(b"\x11" * 20))
HEART_RATE = "8867-4 /min"
SALT = bytes(range(32))
SAMPLES = st.lists(
    st.builds(
        Sample,
        st.just(1_700_000_000),
        st.sampled_from([HEART_RATE, "59408-5 %", "2339-0 mg/dL"]),
        st.integers(-EXACT_INTEGER_MAX, EXACT_INTEGER_MAX),
        st.integers(0, 9),
    ),
    min_size=1,
    max_size=5,
)


def signed(*values: int, first: int = 4, signer: PrivateKey = DEVICE) -> ReadingBatch:
    samples = [Sample(1_700_000_000 + at, HEART_RATE, value) for at, value in enumerate(values)]
    return signed_samples(samples, first, signer)


def signed_samples(
    samples: list[Sample], first: int = 0, signer: PrivateKey = DEVICE
) -> ReadingBatch:
    return sign_readings(
        samples,
        first_sequence=first,
        domain=DOMAIN,
        signer=signer,
        entropy=TreeEntropy(1, "salts"),
    )


BATCH = signed(70, 71, 72)


# signatures


def test_readings_of_a_device_are_its_own() -> None:
    BATCH.check(DOMAIN)


def test_readings_of_another_device_are_found_out() -> None:
    with pytest.raises(ReadingSignatureError) as caught:
        replace(BATCH, device=OTHER.address).check(DOMAIN)
    assert caught.value.sequence == 4
    assert str(caught.value).startswith("reading 4 is not signed by device 0x")


@pytest.mark.parametrize(
    "domain", [replace(DOMAIN, chain_id=8), replace(DOMAIN, verifying_contract=DEVICE.address)]
)
def test_readings_count_on_one_chain_and_one_contract(domain: Domain) -> None:
    with pytest.raises(ReadingSignatureError):
        BATCH.check(domain)


@pytest.mark.parametrize(
    "changed",
    [
        {"value": 99},
        {"time_s": 1_700_000_000},
        {"kind": "59408-5 %"},
        {"decimals": 1},
    ],
)
def test_a_changed_sample_is_found_out(changed: dict[str, object]) -> None:
    one, middle, last = BATCH.readings
    forged = replace(middle, sample=replace(middle.sample, **changed))  # type: ignore[arg-type]
    with pytest.raises(ReadingSignatureError) as caught:
        replace(BATCH, readings=(one, forged, last)).check(DOMAIN)
    assert caught.value.sequence == 5


def test_readings_in_another_order_are_found_out() -> None:
    with pytest.raises(ReadingSignatureError):
        replace(BATCH, readings=BATCH.readings[::-1]).check(DOMAIN)


def test_another_first_number_is_found_out() -> None:
    with pytest.raises(ReadingSignatureError):
        replace(BATCH, first_sequence=5).check(DOMAIN)


def test_a_signature_of_any_bytes_is_found_out() -> None:
    [one] = signed(70).readings
    for signature in (bytes(65), b"\xff" * 65, one.signature[:64]):
        broken = ReadingBatch(DEVICE.address, 4, (replace(one, signature=signature),))
        with pytest.raises(ReadingSignatureError):
            broken.check(DOMAIN)


# leaves


def test_every_reading_is_proven_by_its_batch() -> None:
    root = BATCH.root(DOMAIN)
    for index, leaf in enumerate(BATCH.leaves(DOMAIN)):
        assert is_proven(leaf, BATCH.proof(index, DOMAIN), root)


def test_equal_values_give_other_hashes() -> None:
    measures = {signed(70, 70, 70).shown(index)[3] for index in range(3)}
    assert len(measures) == 3


def test_what_is_shown_has_no_value() -> None:
    one, other = (replace(BATCH.readings[0].sample, value=value) for value in (70, 71))
    shown = [signed_samples([sample], 4).shown(0) for sample in (one, other)]
    assert shown[0][:3] == shown[1][:3] == (4, 1_700_000_000, kind_word(HEART_RATE))
    assert shown[0][3] != shown[1][3]


# kinds


@pytest.mark.parametrize("kind", [HEART_RATE, "59408-5 %", "2339-0 mg/dL", "8310-5 Cel"])
def test_kinds_are_code_words(kind: str) -> None:
    assert kind_word(kind).rstrip(b"\0") == kind.encode()


@pytest.mark.parametrize(
    "kind",
    ["", "8867-4", "8867-4 ", "8867 /min", "pulse /min", "8867-4 /min ", "8867-4 µg", "8867-4 "
     + "x" * 26],
)  # fmt: skip
def test_a_kind_without_code_or_unit_is_refused(kind: str) -> None:
    with pytest.raises(RecordError, match="wants a LOINC code and a UCUM unit"):
        kind_word(kind)


@pytest.mark.parametrize("kind", ["8867-5 /min", "8876-4 /min", "59408-6 %"])
def test_a_mistyped_code_is_refused(kind: str) -> None:
    with pytest.raises(RecordError, match="check digit"):
        kind_word(kind)


# the record


@given(SAMPLES, st.integers(0, SEQUENCE_MAX - 5))
def test_a_batch_survives_its_envelope(samples: list[Sample], first: int) -> None:
    batch = signed_samples(samples, first)
    salt, opened = open_ready(seal_ready(batch, SALT))
    assert (salt, opened) == (SALT, batch)
    batch.check(DOMAIN)


def test_nothing_of_a_batch_is_shown_by_accident() -> None:
    assert repr(BATCH) == "ReadingBatch(...)"
    assert repr(BATCH.readings[0]) == "Reading(...)"
    assert repr(BATCH.readings[0].sample) == "Sample(...)"


def _changed(path: tuple[str | int, ...], value: object) -> dict[str, object]:
    document = json.loads(encode(batch_document(BATCH)))
    place = document
    for step in path[:-1]:
        place = place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        (("device",), "11", "device: wants 20 bytes"),
        (("device",), None, "device: is missing"),
        (("more",), 1, "more: is unknown"),
        (("first_sequence",), -1, "first_sequence: wants an integer"),
        (("first_sequence",), SEQUENCE_MAX, "first_sequence: leads beyond"),
        (("readings",), [], "readings: has 0"),
        (("readings",), {}, "readings: wants a list"),
        (("readings", 1), 5, r"readings\[1\]: wants an object"),
        (("readings", 1, "value"), True, r"readings\[1\].value: wants an integer"),
        (("readings", 1, "value"), 2**53, r"readings\[1\].value: wants an integer"),
        (("readings", 1, "decimals"), 10, r"readings\[1\].decimals: wants an integer"),
        (("readings", 1, "time_s"), 1, r"readings\[1\].time_s: is before"),
        (("readings", 1, "kind"), "pulse", r"readings\[1\].kind: wants a LOINC"),
        (("readings", 1, "salt"), "0" * 63, r"readings\[1\].salt: wants 32 bytes"),
        (("readings", 1, "signature"), "0" * 128, r"readings\[1\].signature: wants 65 bytes"),
        (("readings", 1, "note"), "x", r"readings\[1\].note: is unknown"),
    ],
)
def test_a_record_with_a_wrong_field_is_refused(
    path: tuple[str | int, ...], value: object, what: str
) -> None:
    with pytest.raises(RecordError, match=what):
        read_batch(_changed(path, value))


def test_an_unreadable_batch_is_not_made_either() -> None:
    with pytest.raises(RecordError, match="readings: has 0"):
        body_of(ReadingBatch(DEVICE.address, 0, ()))


@pytest.mark.parametrize("count", [0, BATCH_READINGS_COUNT_MAX + 1])
def test_a_batch_of_another_size_is_not_signed(count: int) -> None:
    with pytest.raises(RecordError, match=f"has {count}"):
        signed_samples([Sample(1, HEART_RATE, 70)] * count)


@pytest.mark.parametrize(
    ("sample", "what"),
    [
        (Sample(-1, HEART_RATE, 70), "time_s"),
        (Sample(1, "pulse", 70), "kind"),
        (Sample(1, HEART_RATE, 2**53), "value"),
        (Sample(1, HEART_RATE, 70, 10), "decimals"),
    ],
)
def test_a_sample_that_no_record_takes_is_not_signed(sample: Sample, what: str) -> None:
    with pytest.raises(RecordError, match=rf"readings\[0\].{what}"):
        signed_samples([sample])


def test_times_that_go_back_are_not_signed() -> None:
    with pytest.raises(RecordError, match=r"readings\[1\].time_s"):
        signed_samples([Sample(2, HEART_RATE, 70), Sample(1, HEART_RATE, 70)])


@given(st.data())
def test_a_changed_body_is_read_as_written_or_refused(data: st.DataObject) -> None:
    """Fuzz: the parser gives a batch that has exactly these bytes, or refuses."""
    body = bytearray(body_of(BATCH))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(body) - 1))
        action = data.draw(st.sampled_from(("set", "cut", "grow")))
        if action == "set":
            body[place] = data.draw(st.integers(0, 255))
        elif action == "cut":
            del body[place : place + data.draw(st.integers(1, 9))]
        else:
            body[place:place] = data.draw(st.binary(max_size=9))
    try:
        batch = parse_body(RecordKind.READINGS, bytes(body))
    except PeerError:
        return
    assert body_of(batch) == bytes(body)
