"""Writes node/privacy/dicom_facts.json from the PyPI package dicom-anonymizer.

    python -m tests.privacy.build_deid_table [--check]

The package is a test dependency: the file it yields is checked in, and a test compares the two.
"""

import json
import sys
from hashlib import sha256
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

PACKAGE = "dicom-anonymizer"
EDITION = "2026c"
TARGET = Path(__file__).resolve().parents[2] / "node" / "privacy" / "dicom_facts.json"
COLUMNS = {
    "D_TAGS": "D",
    "Z_TAGS": "Z",
    "X_TAGS": "X",
    "U_TAGS": "U",
    "Z_D_TAGS": "Z/D",
    "X_Z_TAGS": "X/Z",
    "X_D_TAGS": "X/D",
    "X_Z_D_TAGS": "X/Z/D",
    "X_Z_U_STAR_TAGS": "X/Z/U*",
}


def masked(value: int, mask: int) -> str:
    """Print 16 bits in hex with an x for every nibble that the mask leaves open."""
    digits = f"{value:04X}"
    return "".join(d if (mask >> 4 * (3 - i)) & 15 else "x" for i, d in enumerate(digits))


def collect() -> dict[str, str]:
    """Give tag -> action code; ranges carry x for open nibbles."""
    source = import_module(f"dicomanonymizer.dicom_anonymization_databases.dicomfields_{EDITION}")
    found: dict[str, str] = {}
    for column, code in COLUMNS.items():
        for entry in getattr(source, column):
            if len(entry) == 2:
                key = f"{entry[0]:04X},{entry[1]:04X}"
            else:
                group, element, group_mask, element_mask = entry
                key = f"{masked(group, group_mask)},{masked(element, element_mask)}"
            if key in found:
                raise ValueError(f"{key} stands in two columns")
            found[key] = code
    return dict(sorted(found.items()))


def digest(entries: dict[str, str]) -> str:
    """Hash the sorted entries, one ``tag code`` line each."""
    return sha256("".join(f"{t} {c}\n" for t, c in sorted(entries.items())).encode()).hexdigest()


def build() -> str:
    """Give the text of the file."""
    entries = collect()
    return (
        json.dumps(
            {
                "edition": EDITION,
                "table": "DICOM PS3.15 Table E.1-1, basic profile column",
                "origin": {
                    "package": PACKAGE,
                    "version": version(PACKAGE),
                    "licence": "BSD-3-Clause",
                },
                "built_by": "tests/privacy/build_deid_table.py",
                "sha256": digest(entries),
                "entries": entries,
            },
            indent=1,
        )
        + "\n"
    )


def main(arguments: list[str]) -> int:
    """Write the file, or with --check say whether it is what the package yields."""
    text = build()
    if "--check" in arguments:
        return 0 if TARGET.read_text() == text else 1
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
