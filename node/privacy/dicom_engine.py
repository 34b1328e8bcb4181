"""De-identifies a DICOM file by the basic profile of PS3.15 Annex E: bytes in, bytes out.

Pure: no clock, no randomness, no memory between files.  Equal bytes under an equal key give equal
bytes in every process and in any order of files.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from node.privacy.dicom_file import (
    DEFLATED,
    EXPLICIT_LITTLE,
    DicomFile,
    Element,
    Elements,
    find,
    read_file,
    text_at,
)
from node.privacy.dicom_objects import (
    IMPLEMENTATION_CLASS,
    METHOD_PREFIX,
    check_object,
    image_bytes,
)
from node.privacy.dicom_rules import (
    DEEP_TEXT_VRS,
    Action,
    Rules,
    action_for,
    basic_rules,
    dummy,
    is_out_of_place,
)
from node.privacy.dicom_tags import (
    DATES_MODIFIED,
    IDENTITY_REMOVED,
    ISSUER_OF_PATIENT_ID,
    METHOD,
    METHOD_CODES,
    PATIENT_ID,
    PATIENT_NAME,
    PIXELS,
    SOP_CLASS_UID,
    SOP_INSTANCE_UID,
    dictionary_vr,
    is_private,
    print_tag,
)
from node.privacy.dicom_write import padded, write_file
from node.privacy.errors import QuarantineRequiredError
from node.privacy.pixels import Verdict, decide_pixels
from node.privacy.pseudonym import (
    PatientIdentity,
    check_site_key,
    patient_pseudonym,
    replacement_uid,
)

ENGINE_VERSION: Final = 1
CAUTION: Final = (
    "Applying the profile does not guarantee that nobody can be re-identified. Faces in head "
    "scans and text inside compressed frames are not examined."
)
_BASIC_CODE: Final = ("113100", "Basic Application Confidentiality Profile")
_TEXT_VRS: Final = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})


@dataclass(frozen=True, slots=True)
class DicomReport:
    """What was done, without any value of the record."""

    profile: str
    edition: str
    """Edition of PS3.15 whose table was used."""
    codes: tuple[str, ...]
    """Codes of CID 7050 that are written into (0012,0064)."""
    transfer_syntax: str
    sop_instance_uid: str
    """The new one."""
    burned_in: str
    """``none``, ``pass``, ``burned_in_unknown``, or ``unchecked``."""
    was_deidentified: bool
    """Somebody else had marked the input as de-identified."""
    private_removed: int
    removed: int
    emptied: int
    dummied: int
    uids_mapped: int
    kept_text: tuple[str, ...]
    """Tags of free text outside the table, which stays as it was."""
    warnings: tuple[str, ...]
    caution: str


@dataclass(frozen=True, slots=True)
class Anonymised:
    """The new file and what was done."""

    data: bytes
    report: DicomReport


def anonymise(
    data: bytes, *, site_key: bytes, patient: PatientIdentity | None = None
) -> Anonymised:
    """De-identify a file whose picture may leave under the pixel policy ``strict``.

    ``site_key``  32 secret bytes of the hospital.
    ``patient``   whose pseudonym is written; None takes (0010,0021) and (0010,0020) of the file.
        raises    QuarantineRequiredError(reason), and what ``anonymise_header`` raises.
    """
    check_site_key(site_key)
    file = read_file(data)
    check_object(file)
    decision = decide_pixels(file.elements)
    if decision.verdict is Verdict.QUARANTINE:
        raise QuarantineRequiredError(decision.reason)
    return _clean_file(file, site_key, patient, decision.verdict.value, basic_rules())


def anonymise_header(
    data: bytes,
    *,
    site_key: bytes,
    patient: PatientIdentity | None = None,
    rules: Rules | None = None,
) -> Anonymised:
    """De-identify everything but the picture; the report says ``burned_in: unchecked``.

    The result must not leave before somebody has looked at it.

    raises        NotDicomError, TruncatedDicomError, MalformedDicomError, DicomLimitError,
                  UnsupportedObjectError, AlreadyDeidentifiedError, MissingSiteKeyError.
    """
    check_site_key(site_key)
    file = read_file(data)
    check_object(file)
    return _clean_file(file, site_key, patient, "unchecked", rules or basic_rules())


def _clean_file(
    file: DicomFile, site_key: bytes, patient: PatientIdentity | None, burned_in: str, rules: Rules
) -> Anonymised:
    cleaner = _Cleaner(site_key, rules, file.elements, patient)
    elements = cleaner.level(file.elements, None, is_deep=False)
    marked = _with_marks(elements, rules.edition, cleaner.given)
    sop_instance = text_at(marked, SOP_INSTANCE_UID)
    # a deflated file is written plain: the output of deflate depends on the zlib that is installed
    transfer_syntax = EXPLICIT_LITTLE if file.transfer_syntax == DEFLATED else file.transfer_syntax
    meta = _meta(text_at(marked, SOP_CLASS_UID), sop_instance, transfer_syntax)
    warnings = [burned_in] if burned_in == Verdict.PASS_UNKNOWN.value else []
    pixels = find(file.elements, PIXELS)
    if pixels and not pixels.is_fragmented and len(pixels.value) > image_bytes(file) + 1:
        warnings.append("more_pixel_bytes_than_the_image_has")
    count = cleaner.count
    report = DicomReport(
        profile="basic",
        edition=rules.edition,
        codes=(_BASIC_CODE[0],),
        transfer_syntax=transfer_syntax,
        sop_instance_uid=sop_instance,
        burned_in=burned_in,
        was_deidentified=text_at(file.elements, IDENTITY_REMOVED) == "YES",
        private_removed=count["private"],
        removed=count["removed"],
        emptied=count["emptied"],
        dummied=count["dummied"],
        uids_mapped=count["uids"],
        kept_text=tuple(print_tag(tag) for tag in sorted(cleaner.kept_text)),
        warnings=tuple(warnings),
        caution=CAUTION,
    )
    return Anonymised(write_file(meta, marked, file.syntax), report)


class _Cleaner:
    """Applies the rules to one file; ``count`` and ``kept_text`` feed the report."""

    def __init__(
        self, site_key: bytes, rules: Rules, top: Elements, patient: PatientIdentity | None
    ) -> None:
        self._site_key = site_key
        self._codes = rules.codes
        self._uids: dict[bytes, bytes] = {}
        self._own = _identity(top)
        self.given: bytes | None = None
        """The pseudonym of the identity that the caller gave."""
        if patient is not None:
            self.given = patient_pseudonym(
                site_key, patient.issuer.encode(), patient.identifier.encode()
            ).encode()
        self.count: Counter[str] = Counter()
        self.kept_text: set[int] = set()

    def level(self, elements: Elements, outer: bytes | None, *, is_deep: bool) -> Elements:
        """Clean one data set: the file's or an item's.  ``outer`` is the enclosing pseudonym."""
        alias = self._alias(elements, outer)
        kept: list[Element] = []
        for element in elements:
            if is_out_of_place(element.tag, self._codes):
                self.count["private" if is_private(element.tag) else "removed"] += 1
                continue
            if element.items is None:
                cleaned = self._value(element, alias, is_deep=is_deep)
            else:
                cleaned = self._sequence(element, alias, is_deep=is_deep)
            if cleaned is not None:
                kept.append(cleaned)
        return tuple(kept)

    def _alias(self, elements: Elements, outer: bytes | None) -> bytes | None:
        """Give the pseudonym here; an item without Patient ID is about the same person."""
        issuer, identifier = _identity(elements)
        if self.given is not None and (not identifier or (issuer, identifier) == self._own):
            return self.given
        if not identifier:
            return outer
        return patient_pseudonym(self._site_key, issuer, identifier).encode()

    def _sequence(self, element: Element, alias: bytes | None, *, is_deep: bool) -> Element | None:
        action = action_for(element.tag, "SQ", self._codes, is_sequence=True)
        if action is Action.REMOVE:
            self.count["removed"] += 1
            return None
        if action is Action.EMPTY:
            self.count["emptied"] += 1
            return element._replace(items=())
        is_deep = is_deep or action is Action.DEEP
        items = tuple(self.level(item, alias, is_deep=is_deep) for item in element.items or ())
        return element._replace(items=items)

    def _value(self, element: Element, alias: bytes | None, *, is_deep: bool) -> Element | None:
        tag = element.tag
        vr = element.vr if element.vr != "UN" else dictionary_vr(tag) or "UN"
        action = action_for(tag, vr, self._codes, is_sequence=False)
        if action is Action.KEEP and is_deep and vr in DEEP_TEXT_VRS:
            action = Action.DUMMY
        if action is Action.REMOVE:
            self.count["removed"] += 1
            return None
        if not element.value:
            return element
        if action is Action.KEEP:
            if vr in _TEXT_VRS:
                self.kept_text.add(tag)
            return element
        if action is Action.MAP_UID:
            value = self._map_uids(element.value)
        elif tag in {PATIENT_ID, PATIENT_NAME} and alias is not None:
            self.count["dummied"] += 1
            value = alias if tag == PATIENT_ID else b"ANON^" + alias
        elif action is Action.DUMMY or tag == PATIENT_NAME:
            self.count["dummied"] += 1
            value = dummy(vr)
        else:
            self.count["emptied"] += 1
            value = b""
        return Element(tag, element.vr, padded(value, vr))

    def _map_uids(self, value: bytes) -> bytes:
        """Replace each UID of a value; what is equal before is equal after."""
        mapped: list[bytes] = []
        for uid in value.split(b"\\"):
            if uid not in self._uids:
                self._uids[uid] = replacement_uid(self._site_key, uid)
            mapped.append(self._uids[uid])
        self.count["uids"] += len(mapped)
        return b"\\".join(mapped)


def _identity(elements: Elements) -> tuple[bytes, bytes]:
    """Give issuer and Patient ID as their bytes stand in the file, without padding."""
    issuer, identifier = (find(elements, tag) for tag in (ISSUER_OF_PATIENT_ID, PATIENT_ID))
    return (
        issuer.value.strip(b" \0") if issuer else b"",
        identifier.value.strip(b" \0") if identifier else b"",
    )


def _with_marks(elements: Elements, edition: str, given: bytes | None) -> Elements:
    """Add the marks of PS3.15 E.1.1 and, if the caller named the patient, the pseudonym."""
    code, meaning = _BASIC_CODE
    item = (
        _text(0x00080100, "SH", code.encode()),
        _text(0x00080102, "SH", b"DCM"),
        _text(0x00080104, "LO", meaning.encode()),
    )
    method = f"{METHOD_PREFIX}{ENGINE_VERSION}, basic profile of PS3.15 {edition}"
    marks = [
        _text(IDENTITY_REMOVED, "CS", b"YES"),
        _text(METHOD, "LO", method.encode()),
        Element(METHOD_CODES, "SQ", b"", (item,)),
        _text(DATES_MODIFIED, "CS", b"REMOVED"),
    ]
    if given is not None:
        marks.append(_text(PATIENT_NAME, "PN", b"ANON^" + given))
        marks.append(_text(PATIENT_ID, "LO", given))
    written = {mark.tag for mark in marks}
    kept = [element for element in elements if element.tag not in written]
    return tuple(sorted(kept + marks, key=lambda element: element.tag))


def _meta(sop_class: str, sop_instance: str, transfer_syntax: str) -> Elements:
    """Make group 0002 from nothing: the old one names devices and AE titles."""
    return (
        Element(0x00020001, "OB", b"\0\1"),
        _text(0x00020002, "UI", sop_class.encode()),
        _text(0x00020003, "UI", sop_instance.encode()),
        _text(0x00020010, "UI", transfer_syntax.encode()),
        _text(0x00020012, "UI", IMPLEMENTATION_CLASS.encode()),
        _text(0x00020013, "SH", b"WARDNET_%d" % ENGINE_VERSION),
    )


def _text(tag: int, vr: str, value: bytes) -> Element:
    return Element(tag, vr, padded(value, vr))
