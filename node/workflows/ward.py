"""Who takes part: parties with their keys, and what all of them know about the network.

A flow acts with the keys of its parties and through the node of a hospital; it keeps nothing.
What a party learns for later (a grant, a share) goes into that party's own wallet or notebook.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from node.base.keys import PrivateKey
from node.base.types import Address, Cid, Hash32
from node.contracts.suite import ContractSuite
from node.privacy.deposits import DepositLetter
from node.privacy.grantee import Grantee
from node.privacy.readings import ReadingBatch
from node.privacy.renewals import RenewalLetter
from node.privacy.research_export import ExportLedger
from node.privacy.synthetic import Person
from node.privacy.wallet import Wallet
from node.privacy.wallet_consents import SignedConsent
from node.sss.drbg import SeedsUsed
from node.sss.shares import Container
from node.sss.terms import Profile


@dataclass(frozen=True, slots=True)
class Sharing:
    """How records of this network are split: (1,t,n)."""

    t: int
    n: int


@dataclass(frozen=True, slots=True)
class Ward:
    """The network as every party knows it."""

    chain_id: int
    contracts: ContractSuite
    sharing: Sharing
    zone: timedelta
    """Offset of the hospitals' time zone from UTC; visit dates are dates there."""
    profile: Profile
    """Whether secrets are those of a simulation."""
    seeds: SeedsUsed
    """Seeds that deals of this process have used: none serves twice."""
    hospitals: tuple["Hospital", ...]
    """All hospitals of the network, Verified or not."""
    period_s: int
    """Block time between two blocks when all is well."""
    steps_at_ends: bool = True
    """Whether the end of a grant moves its deals into the next epoch (records.revocation)."""


@dataclass(frozen=True, slots=True)
class Regulator:
    """A member of the government authority."""

    name: str
    signer: PrivateKey
    node: Address
    """The validator whose node relays this party's transactions."""


@dataclass(frozen=True, slots=True)
class HeldGrant:
    """A grant that somebody was told of who may read by it."""

    grant_id: Hash32
    pmr_id: int
    """0: all records of the patient."""
    patient: Address
    valid_until_s: int


class Recipient(Protocol):
    """Whom a patient may let read: a doctor, a hospital, an insurer, a researcher."""

    @property
    def name(self) -> str:
        """The id in scenarios and messages."""
        ...

    @property
    def signer(self) -> PrivateKey:
        """The key of the account that a Consent names."""
        ...

    @property
    def reader(self) -> Grantee:
        """Asks custodians and opens what they release."""
        ...

    @property
    def grants(self) -> list[HeldGrant]:
        """The notebook of what patients granted, newest last."""
        ...

    @property
    def hospital(self) -> "Hospital":
        """The hospital through whose node they act, and that relays Consents for them."""
        ...

    @property
    def node(self) -> Address:
        """That node."""
        ...


@dataclass(frozen=True, slots=True)
class Hospital:
    """A hospital: its account is its first validator key."""

    name: str
    signer: PrivateKey
    custody_key: bytes
    """X25519 public key that shares and deposits are sealed to."""
    site_key: bytes
    """32 secret bytes behind the pseudonyms of this hospital."""
    registration: str
    title: str
    location: str
    specialisation: str
    contact: str
    reader: Grantee = field(compare=False, repr=False)
    """The hospital as a grantee; its key is the custody key."""
    grants: list[HeldGrant] = field(default_factory=list[HeldGrant], compare=False)
    rotated_keys: list[PrivateKey] = field(default_factory=list[PrivateKey], compare=False)
    """Validator keys that followed the first one, newest last."""

    @property
    def node(self) -> Address:
        """The hospital's own node."""
        return self.signer.address

    @property
    def hospital(self) -> "Hospital":
        """Itself, as a ``Recipient``."""
        return self

    @property
    def validator_key(self) -> PrivateKey:
        """The key that validates, or would if it were admitted; the account's own at first."""
        return self.rotated_keys[-1] if self.rotated_keys else self.signer


@dataclass(slots=True)
class Doctor:
    """A doctor; ``grants`` is the notebook of what patients granted, newest last."""

    name: str
    signer: PrivateKey
    reader: Grantee
    """Asks custodians and opens what they release."""
    hospital: Hospital
    registration: str
    title: str
    specialisation: str
    contact: str
    grants: list[HeldGrant] = field(default_factory=list)

    @property
    def node(self) -> Address:
        """The node of the doctor's hospital."""
        return self.hospital.node


@dataclass(slots=True)
class GivenGrant:
    """A grant that a patient made."""

    pmr_id: int
    """0: all records."""
    ends_s: int
    """Block time from which it counts no more: its end, or when it was taken back."""
    scope: int = 0
    """The Consent's sections, and whether later records are meant too."""


@dataclass(slots=True)
class Patient:
    """A patient with a wallet; ``patient_id`` is 0 until the desk registered them."""

    name: str
    signer: PrivateKey
    wallet: Wallet
    hospital: Hospital
    person: Person
    has_attendant: bool
    leaves_for_emergencies: bool = False
    """Whether custodians get deposits that an emergency opens."""
    patient_id: int = 0
    versions: dict[int, int] = field(default_factory=dict[int, int])
    """Records dealt so far, by PMR-ID."""
    manifests: dict[bytes, Cid] = field(default_factory=dict[bytes, Cid])
    """Manifest of each deal in the wallet, by deal id: what an entry on the ledger names."""
    granted: dict[bytes, GivenGrant] = field(default_factory=dict[bytes, GivenGrant])
    """Grants by id."""
    granting: dict[bytes, tuple[Recipient, SignedConsent]] = field(
        default_factory=dict[bytes, tuple[Recipient, SignedConsent]]
    )
    """Consents by grant id that may stand on the ledger, while deposits for them may be missing."""
    lent: list[tuple[bytes, bytes]] = field(default_factory=list[tuple[bytes, bytes]])
    """(grant id, deal id) of deposits whose end the wallet has not followed yet."""

    splits: int = 0
    """How often the wallet's master was shared: the number of the next time."""
    renewing: dict[bytes, tuple[RenewalLetter | None, ...]] = field(
        default_factory=dict[bytes, tuple[RenewalLetter | None, ...]]
    )
    """Renewals by deal id that, as far as is known, too few custodians have taken."""
    depositing: dict[bytes, tuple[DepositLetter, ...]] = field(
        default_factory=dict[bytes, tuple[DepositLetter, ...]]
    )
    """The same of deposits."""

    def forget(self, deal_id: bytes) -> None:
        """Drop all that is known of a deal.  raises UnknownDealError."""
        self.wallet.forget(deal_id)
        self.manifests.pop(deal_id, None)
        self.renewing.pop(deal_id, None)
        self.depositing.pop(deal_id, None)
        self.lent[:] = [one for one in self.lent if one[1] != deal_id]

    def next_version(self, pmr_id: int) -> int:
        """Give the version of the next record under a PMR-ID: each serves for one deal."""
        version = self.versions.get(pmr_id, 0)
        self.versions[pmr_id] = version + 1
        return version

    @property
    def node(self) -> Address:
        """The node of the hospital at whose desk the patient stands."""
        return self.hospital.node


@dataclass(frozen=True, slots=True)
class KeptShare:
    """What a guardian keeps for a patient: a share of the master, and who has the others."""

    account: Address
    """The patient's at that time."""
    share: Container
    hospitals: tuple[Address, ...]


@dataclass(slots=True)
class Guardian:
    """Whom patients trust with a part of their recovery."""

    name: str
    signer: PrivateKey
    hospital: Hospital
    kept: dict[int, KeptShare] = field(default_factory=dict[int, KeptShare])
    """By Patient-ID."""

    @property
    def node(self) -> Address:
        """The node of the hospital that the guardian goes to."""
        return self.hospital.node


@dataclass(frozen=True, slots=True)
class Lab:
    """A lab of a hospital."""

    name: str
    signer: PrivateKey
    hospital: Hospital

    @property
    def node(self) -> Address:
        """The node of the lab's hospital."""
        return self.hospital.node


@dataclass(slots=True)
class Device:
    """A medical device that measures one patient and signs what it reads."""

    name: str
    signer: PrivateKey
    hospital: Hospital
    patient: Patient | None = field(default=None, repr=False)
    """Who wears it."""
    batches: list[ReadingBatch] = field(default_factory=list[ReadingBatch], repr=False)
    """What it filed of this patient, newest last: forgotten when it is taken off."""

    @property
    def node(self) -> Address:
        """The node of the hospital that gave the device out."""
        return self.hospital.node


@dataclass(frozen=True, slots=True)
class PolicyOffer:
    """What an insurer has offered a patient, and told them; only the commitment is public."""

    patient: Patient
    number: str = field(repr=False)
    salt: bytes = field(repr=False)
    commitment: Hash32
    tx_hash: Hash32
    """The transaction that offered."""


@dataclass(slots=True)
class Institution:
    """An insurer or a researcher, listed by the authority; acts through a hospital's node."""

    name: str
    signer: PrivateKey
    reader: Grantee
    hospital: Hospital
    registration: str
    title: str
    contact: str
    grants: list[HeldGrant] = field(default_factory=list[HeldGrant])
    offers: dict[int, PolicyOffer] = field(default_factory=dict[int, PolicyOffer])
    """An insurer's that no flow has seen bound yet, by policy id, oldest first."""
    exports: ExportLedger = field(default_factory=ExportLedger)
    """Of a researcher: what was exported so far."""

    @property
    def node(self) -> Address:
        """The node of the hospital that relays for it."""
        return self.hospital.node
