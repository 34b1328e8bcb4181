"""What an audit says: findings, and what it has looked at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple


class Finding(NamedTuple):
    """One thing that is not as it was promised; they sort by record."""

    record: str
    """What it is about: ``PMR 8543726012021 entry 0``, ``patient 7 details``, ``chain``, ..."""
    rule: str
    """One of ``RULES``."""
    what: str
    """What differs."""

    def __str__(self) -> str:
        return f"{self.record}: {self.rule}: {self.what}"


RULES: Final[Mapping[str, str]] = {
    "chain": "blocks link from the genesis, seals and roots hold",
    "heads": "the nodes' heads are one chain",
    "token": "a PMR-ID is well formed, of a known patient, and minted once",
    "entry": "entries count on without a gap; labs, devices, claimants filed theirs, and once",
    "redundant": "no record has the same commitment twice",
    "manifest": "the manifest is reachable, unchanged, and of this record",
    "share": "each custodian holds its share, in the epoch it recorded, and nobody else does",
    "fragment": "each custodian keeps its fragment unchanged, and no strange hospital does",
    "content": "what the shares open is what the ledger commits to",
    "store": "every stored block has the hash that it is named by",
    "release": "a release is covered: by a grant of the record, an emergency, or its owner",
    "window": "a release lies inside its grant: after it began, before it ended or was revoked",
    "deposit": "what was lent is destroyed when its grant ends",
    "receipt": "receipts are chained, signed, and the same on the ledger as with the custodian",
    "erasure": "of erased records and old generations nothing is left, and custodians certified",
    "emergency": "every emergency access was reviewed in time",
    "copy": "every requested copy was issued in time",
}
"""Name of each rule, and what it promises."""


@dataclass(slots=True)
class Counts:
    """How much was looked at.  What could not be judged is counted here, never passed over."""

    blocks: int = 0
    records: int = 0
    """Tokens."""
    entries: int = 0
    details: int = 0
    """Of patients and attendants: records that stand under no token."""
    erased: int = 0
    """Tokens that their patients had erased."""
    shares: int = 0
    fragments: int = 0
    opened: int = 0
    """Entries and details whose content was compared with the commitment."""
    not_opened: int = 0
    """Those that stand and were not: no key, or too few shares or fragments."""
    grants: int = 0
    releases: int = 0
    refusals: int = 0
    emergencies: int = 0
    reviews_to_come: int = 0
    """Of emergencies whose time for a review still runs."""
    not_justified: int = 0
    """Emergencies that their review found to be none: judged by the authority, not by an audit."""
    copies: int = 0
    """That patients asked for."""
    copies_to_come: int = 0
    """Of which the time still runs."""
    certificates: int = 0
    receipts_on_their_way: int = 0
    """So new that they need not be on the ledger yet."""
    epochs_on_their_way: int = 0
    """Shares that fit the others in an epoch which is not on the ledger yet."""
    former_shares: int = 0
    """Shares that former custodians kept: a refresh makes them worthless, nothing takes them."""
    unfiled_deals: int = 0
    """Deals in custody that no entry names: a filing that never came to its end."""

    def as_dict(self) -> dict[str, int]:
        """Give the figures by name, in the order of the fields."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(slots=True)
class Report:
    """What an audit came to."""

    counts: Counts = field(default_factory=Counts)
    findings: list[Finding] = field(default_factory=list[Finding])

    @property
    def is_clean(self) -> bool:
        """Say whether nothing was found."""
        return not self.findings

    def find(self, record: str, rule: str, what: str) -> None:
        """Add a finding."""
        assert rule in RULES, rule
        self.findings.append(Finding(record, rule, what))
