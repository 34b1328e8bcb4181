"""What leaves for research: one generalised line per participant, in groups of at least k.

Only listed fields leave, each as a band or a short code; texts, names, contacts and numbers never
do.  Quasi-identifiers are age band, gender, region of the hospital, and year; the sensitive value
is the diagnosis at three characters (privacy-and-interop.md section 8).  Weight and height leave as
bands and count as no quasi-identifiers, which the header says.

A participant's device tells its own bands (``generalise``): nobody else needs the exact values.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeAlias

from node.base.keccak import keccak256
from node.base.types import Hash32
from node.privacy.errors import ExportSuppressedError, ExportTooSmallError
from node.privacy.mondrian import Subject, partition
from node.privacy.pseudonym import Domain, domain_pseudonym
from node.privacy.record import GENDERS, PatientDetails

L_DEFAULT: Final = 2
COLUMNS: Final = (
    "pseudonym",
    "age",
    "gender",
    "region",
    "year",
    "weight_kg",
    "height_cm",
    "diagnosis",
)
"""The allow-list: nothing else leaves."""
QUASI_IDENTIFIERS: Final = ("age", "gender", "region", "year")
SENSITIVE: Final = "diagnosis"
LIMITS: Final = (
    "k-anonymity is not differential privacy: who knows more about a person can learn more.",
    "Weight and height bands are not among the quasi-identifiers.",
    "Bands of age, weight and height are those that the participants' devices told.",
    "Repeated exports of one cohort can be intersected.",
    "Applying these rules does not guarantee that nobody can be re-identified.",
)
_CODE: Final = re.compile(r"[A-Z][0-9][0-9A-Z]")
_BETWEEN: Final = "|"

HeaderValue: TypeAlias = int | str | list[str]


@dataclass(frozen=True, slots=True)
class Band:
    """How a number is coarsened: steps of ``width`` from ``low``, and one band above ``high``."""

    width: int
    low: int
    """All below is one band; 0: there is nothing below."""
    high: int

    def index(self, value: int) -> int:
        """Give the place of a number's band, ascending."""
        if value < self.low:
            return 0
        return 1 + (min(value, self.high) - self.low) // self.width

    def text(self, first: int, last: int) -> str:
        """Give the range from one band to another as it is published."""
        begin = 0 if first == 0 else self.low + (first - 1) * self.width
        if last == self.index(self.high):
            return f"{begin}+"
        return f"{begin}-{self.low + last * self.width - 1}"


AGE: Final = Band(5, 0, 90)
"""Years; all above 89 are one (45 CFR 164.514)."""
WEIGHT: Final = Band(10, 40, 120)
"""Kilograms."""
HEIGHT: Final = Band(10, 140, 200)
"""Centimetres."""


@dataclass(frozen=True, slots=True)
class Demographics:
    """What a participant's device tells of them: places of bands, and the gender."""

    age: int
    gender: str
    """One of GENDERS."""
    weight: int
    height: int


@dataclass(frozen=True, slots=True)
class Participant:
    """One participant, as the researcher has put them together."""

    identifier: bytes
    """Tells this participant from others of the export; only its pseudonym leaves."""
    demographics: Demographics
    region: str
    """Of the hospital: a public register."""
    year: int
    """Of the newest visit that was read."""
    code: str
    """Of the diagnosis, such as ICD-10; "" if there is none."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """An export, ready to be handed out."""

    header: Mapping[str, HeaderValue]
    rows: tuple[tuple[str, ...], ...]
    """In the order of COLUMNS; classes one after another."""
    data: bytes
    """JSON: header, columns, rows.  The header has the SHA-256 of ``table``."""
    table: bytes
    """The rows as CSV (RFC 4180, but lines end in LF)."""

    @property
    def commitment(self) -> Hash32:
        """What the ledger gets: whoever has the dataset can check it, so it has no salt."""
        return keccak256(self.data)


def generalise(details: PatientDetails) -> Demographics:
    """Give what of a person's details may be told for research."""
    return Demographics(
        age=AGE.index(details.age),
        gender=details.gender,
        weight=WEIGHT.index(details.weight_g // 1_000),
        height=HEIGHT.index(details.height_mm // 10),
    )


def short_code(code: str) -> str:
    """Give a diagnosis at three characters; "" for what is no code of that form."""
    found = code.strip().upper()[:3]
    return found if _CODE.fullmatch(found) else ""


def export(
    participants: Sequence[Participant],
    *,
    site_key: bytes,
    study: str,
    purpose: str,
    k: int,
    l: int = L_DEFAULT,  # noqa: E741 - the letter of the literature
) -> Dataset:
    """Make a dataset; equal participants in any order give equal bytes.

    ``site_key``  behind the pseudonyms; they differ from study to study.
    raises        ExportTooSmallError: fewer than 2k participants with a coded diagnosis.
                  ExportSuppressedError: all together have fewer than l diagnoses.
                  MissingSiteKeyError: not 32 bytes.
                  ValueError: two participants of one identifier.
    """
    if len({one.identifier for one in participants}) < len(participants):
        raise ValueError("two participants have the same identifier, wants each person once")
    named = _named(participants, site_key, study)
    if len(named) < 2 * k:
        raise ExportTooSmallError(len(named), 2 * k)
    regions = sorted({_plain(one.region) for _, one in named})
    subjects = [Subject(_point(one, regions), short_code(one.code)) for _, one in named]
    grouping = partition(subjects, k=k, l=l)
    if not grouping.classes:
        raise ExportSuppressedError(len(named), k, l)
    rows: list[tuple[str, ...]] = []
    for group in grouping.classes:
        shared = _published([subjects[at].quasi for at in group], regions)
        rows += [_row(*named[at], shared) for at in group]
    table = _csv(rows)
    header: dict[str, HeaderValue] = {
        "format": "wardnet-research-export/1",
        "study": study,
        "purpose": purpose,
        "k": k,
        "l": l,
        "quasi_identifiers": list(QUASI_IDENTIFIERS),
        "sensitive": SENSITIVE,
        "participants": len(participants),
        "rows": len(rows),
        "suppressed_share": _decimal(len(participants) - len(rows), len(participants)),
        "classes": len(grouping.classes),
        "average_class_size": _decimal(len(rows), len(grouping.classes)),
        "limits": list(LIMITS),
        "csv_sha256": sha256(table).hexdigest(),
    }
    document = {"header": header, "columns": COLUMNS, "rows": rows}
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Dataset(header, tuple(rows), text.encode(), table)


def _named(
    participants: Iterable[Participant], site_key: bytes, study: str
) -> list[tuple[str, Participant]]:
    """Give who has a coded diagnosis, by pseudonym and in its order: input order shows nowhere."""
    named: dict[str, Participant] = {}
    for one in participants:
        identifier = f"{study}/".encode() + one.identifier
        pseudonym = domain_pseudonym(site_key, Domain.RESEARCH, identifier)
        if short_code(one.code):
            named[pseudonym] = one
    return sorted(named.items(), key=lambda item: item[0])


def _point(one: Participant, regions: Sequence[str]) -> tuple[int, int, int, int]:
    return (
        one.demographics.age,
        GENDERS.index(one.demographics.gender),
        regions.index(_plain(one.region)),
        one.year,
    )


def _published(points: Sequence[tuple[int, ...]], regions: Sequence[str]) -> dict[str, str]:
    """Give the quasi-identifiers of a class: what all of its rows say."""
    ages, genders, places, years = (sorted({point[at] for point in points}) for at in range(4))
    is_one_year = years[0] == years[-1]
    return {
        "age": AGE.text(ages[0], ages[-1]),
        "gender": _BETWEEN.join(GENDERS[at] for at in genders),
        "region": _BETWEEN.join(regions[at] for at in places),
        "year": f"{years[0]}" if is_one_year else f"{years[0]}-{years[-1]}",
    }


def _row(pseudonym: str, one: Participant, shared: Mapping[str, str]) -> tuple[str, ...]:
    told = one.demographics
    values = {
        **shared,
        "pseudonym": pseudonym,
        "weight_kg": WEIGHT.text(told.weight, told.weight),
        "height_cm": HEIGHT.text(told.height, told.height),
        "diagnosis": short_code(one.code),
    }
    return tuple(values[column] for column in COLUMNS)


def _csv(rows: Iterable[tuple[str, ...]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return out.getvalue().encode()


def _plain(region: str) -> str:
    """Keep the mark between two regions out of a region's own name, and formulas out of tables."""
    return re.sub(r"[^\w .,'()-]", " ", region).lstrip(" -") or "unspecified"


def _decimal(part: int, whole: int) -> str:
    """Give a quotient with three digits, rounded down; no floats, so equal on every machine."""
    thousandths = part * 1_000 // whole
    return f"{thousandths // 1_000}.{thousandths % 1_000:03d}"


@dataclass(frozen=True, slots=True)
class PastExport:
    """A line of the export ledger."""

    purpose: str
    cohort: Hash32


class ExportLedger:
    """What a site has exported so far; two exports of one cohort can be intersected."""

    def __init__(self) -> None:
        self._past: list[PastExport] = []

    @property
    def past(self) -> tuple[PastExport, ...]:
        """All exports, in their order."""
        return tuple(self._past)

    def note(self, purpose: str, identifiers: Iterable[bytes], site_key: bytes) -> tuple[str, ...]:
        """Write an export down; give a warning for each earlier one of the same cohort.

        The digest is keyed: a cohort of few could be guessed from a bare hash.
        """
        cohort = _cohort(identifiers, site_key)
        again = tuple(
            f"the same cohort was exported before, for {one.purpose!r}: rows can be intersected"
            for one in self._past
            if one.cohort == cohort
        )
        self._past.append(PastExport(purpose, cohort))
        return again


def _cohort(identifiers: Iterable[bytes], site_key: bytes) -> Hash32:
    members = sorted(
        domain_pseudonym(site_key, Domain.RESEARCH, b"cohort/" + one) for one in set(identifiers)
    )
    return keccak256("/".join(members).encode())
