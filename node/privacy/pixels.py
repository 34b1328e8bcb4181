"""May the picture leave?  The decision table for burned-in text (privacy-and-interop.md, 4).

Policy ``strict``: what is likely to show a name is quarantined.  Blanking the outside of known
ultrasound regions needs decoded pixels, which this module does not have: such files are
quarantined too, with a reason of their own.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from node.privacy.dicom_file import Elements, find, text_at
from node.privacy.dicom_tags import (
    BURNED_IN,
    MODALITY,
    PIXEL_TAGS,
    SOP_CLASS_UID,
    ULTRASOUND_REGIONS,
)

RISKY_MODALITIES: Final = frozenset(
    {"", "DOC", "ES", "GM", "IVUS", "OP", "OT", "RF", "SC", "SM", "US", "XA", "XC"}
)
_SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"


class Verdict(Enum):
    """What the table says of a picture."""

    NONE = "none"
    """There are no pixels."""
    PASS = "pass"  # noqa: S105 - a verdict, no password
    """The file declares that nothing is burned in."""
    PASS_UNKNOWN = "burned_in_unknown"  # noqa: S105
    """A modality that seldom burns text in, and no declaration: passes with a warning."""
    QUARANTINE = "quarantine"


@dataclass(frozen=True, slots=True)
class PixelDecision:
    """The verdict, and the rule that made it when it is a quarantine."""

    verdict: Verdict
    reason: str = ""


def decide_pixels(elements: Elements) -> PixelDecision:
    """Judge the data set of a file under the policy ``strict``; the order of rules is law."""
    if all(find(elements, tag) is None for tag in PIXEL_TAGS):
        return PixelDecision(Verdict.NONE)
    declared = text_at(elements, BURNED_IN)
    if declared == "NO":
        return PixelDecision(Verdict.PASS)
    modality = text_at(elements, MODALITY).upper()
    # a prefix on purpose: 7, 7.1 .. 7.4 and whatever the standard adds below
    is_capture = text_at(elements, SOP_CLASS_UID).startswith(_SECONDARY_CAPTURE)
    # a value that is neither YES nor NO is no assurance: it counts as YES
    if not declared and modality not in RISKY_MODALITIES and not is_capture:
        return PixelDecision(Verdict.PASS_UNKNOWN)
    regions = find(elements, ULTRASOUND_REGIONS)
    if regions is not None and regions.items:
        return PixelDecision(Verdict.QUARANTINE, "blank_needs_decoding")
    if declared:
        return PixelDecision(Verdict.QUARANTINE, "burned_in_declared")
    if is_capture:
        return PixelDecision(Verdict.QUARANTINE, "secondary_capture")
    return PixelDecision(Verdict.QUARANTINE, "risky_modality")
