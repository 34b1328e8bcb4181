"""Burned-in text: the decision table under the policy strict."""

from collections import Counter

import pytest

from node.base.errors import WardnetError
from node.privacy.dicom_file import read_file
from node.privacy.dicom_objects import check_object
from node.privacy.pixels import RISKY_MODALITIES, PixelDecision, Verdict, decide_pixels
from tests.privacy.dicom_factory import dataset, element, make, sequence, shipped

CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
US = "1.2.840.10008.5.1.4.1.1.6.1"
REGIONS = sequence(0x00186011, dataset(element(0x00186018, 0)))


def decide(*elements: object, **more: object) -> PixelDecision:
    return decide_pixels(read_file(make(*elements, **more)).elements)  # type: ignore[arg-type]


def test_no_pixels_need_no_decision() -> None:
    assert decide(pixels=None).verdict is Verdict.NONE


def test_declared_absence_passes_even_for_ultrasound() -> None:
    assert decide(element(0x00080060, "US"), element(0x00280301, "NO")).verdict is Verdict.PASS


@pytest.mark.parametrize("modality", ["CT", "MR", "CR", "DX", "NM"])
def test_modalities_that_seldom_burn_in_pass_with_a_warning(modality: str) -> None:
    assert decide(element(0x00080060, modality)).verdict is Verdict.PASS_UNKNOWN


@pytest.mark.parametrize("modality", [*sorted(RISKY_MODALITIES), "us"])
def test_risky_modalities_are_quarantined(modality: str) -> None:
    decision = decide(element(0x00080060, modality, "LO"))
    assert decision == PixelDecision(Verdict.QUARANTINE, "risky_modality")


def test_absent_modality_is_quarantined() -> None:
    assert decide(without=(0x00080060,)).verdict is Verdict.QUARANTINE


@pytest.mark.parametrize("sop_class", [CAPTURE, f"{CAPTURE}.1", f"{CAPTURE}.4"])
def test_secondary_capture_is_quarantined_whatever_its_modality(sop_class: str) -> None:
    decision = decide(sop_class=sop_class)
    assert decision == PixelDecision(Verdict.QUARANTINE, "secondary_capture")


@pytest.mark.parametrize("declared", ["YES", "yes", "MAYBE", "NO\\YES"])
def test_any_declaration_but_no_is_quarantined(declared: str) -> None:
    decision = decide(element(0x00280301, declared, "LO"))
    assert decision == PixelDecision(Verdict.QUARANTINE, "burned_in_declared")


def test_ultrasound_with_regions_waits_for_somebody_who_can_blank_it() -> None:
    decision = decide(element(0x00080060, "US"), REGIONS)
    assert decision == PixelDecision(Verdict.QUARANTINE, "blank_needs_decoding")


def test_empty_list_of_regions_is_no_region() -> None:
    decision = decide(element(0x00080060, "US"), sequence(0x00186011))
    assert decision.reason == "risky_modality"


def test_regions_do_not_matter_where_nothing_is_risky() -> None:
    assert decide(REGIONS).verdict is Verdict.PASS_UNKNOWN


def test_verdicts_on_the_shipped_files() -> None:
    found: Counter[str] = Counter()
    for data in shipped().values():
        try:
            file = read_file(data)
            check_object(file)
        except WardnetError:
            continue
        found[decide_pixels(file.elements).verdict.value] += 1
    assert found == {"burned_in_unknown": 51, "quarantine": 40, "none": 2}
