"""A small ward for the tests of release: one deal, four custodians, a patient, a doctor.

The chain is a table that a test may change; ``Ward`` wires the real parts around it.
"""

from dataclasses import dataclass, field, replace

from node.base.keys import PrivateKey
from node.base.rng import TreeEntropy
from node.base.types import Address, Hash32
from node.privacy.consent import LATER_BIT, Domain, Purpose, scope_of
from node.privacy.custody import Custodian
from node.privacy.custody_store import MemoryStore
from node.privacy.grantee import Grantee
from node.privacy.release import Released, decide
from node.privacy.release_facts import EmergencyFacts, GrantFacts, RecordFacts
from node.privacy.release_messages import Head, Status
from node.privacy.sealing import derive_private_key, public_key_of
from node.privacy.wallet import Wallet, seal_essential
from node.privacy.wallet_consents import SignedConsent
from node.sss.derivation import EssentialContext
from node.sss.drbg import SeedsUsed
from node.sss.refresh import released_point
from node.sss.shares import decode_container
from node.sss.ssms import deal
from node.sss.terms import DealTerms, Profile

RECORD = b"lab image of the chest"
DOMAIN = Domain(7, Address(b"\xcc" * 20))
PATIENT = PrivateKey.from_bytes(b"\x11" * 32)
DOCTOR = PrivateKey.from_bytes(b"\x22" * 32)
STRANGER = PrivateKey.from_bytes(b"\x33" * 32)
HOSPITALS = tuple(PrivateKey.from_bytes(bytes([0x40 + x]) * 32) for x in range(1, 5))
SEALING = {x: derive_private_key(bytes([x]) * 32) for x in range(1, 5)}
PATIENT_SEALING = derive_private_key(b"p" * 32)
DOCTOR_SEALING = derive_private_key(b"d" * 32)
PMR_ID = 42
CONTEXT = EssentialContext(7, PMR_ID.to_bytes(32), 1, 0, 0)
KEYS = tuple(public_key_of(SEALING[x]) for x in range(1, 5))
GRANTED_S, FROM_S, UNTIL_S = 900, 1_000, 2_000
NOW_US = 10**12


def hash_of(number: int) -> Hash32:
    return Hash32(number.to_bytes(32))


@dataclass
class TableView:
    """A ``GrantView`` out of tables."""

    chain_id: int = 7
    head: Head = field(default_factory=lambda: Head(100, hash_of(100), 1_500))
    head_advanced_us: int = NOW_US
    block_period_us: int = 5_000_000
    is_licensed: bool = True
    registered: set[Address] = field(default_factory=lambda: {DOCTOR.address})
    owner_keys: dict[Address, bytes] = field(default_factory=dict)
    active: set[Address] = field(default_factory=lambda: {DOCTOR.address})
    grants: dict[bytes, GrantFacts] = field(default_factory=dict)
    emergencies: dict[bytes, EmergencyFacts] = field(default_factory=dict)
    doctor_keys: dict[Address, bytes] = field(default_factory=dict)
    records: dict[bytes, RecordFacts] = field(default_factory=dict)

    def at(self, *, number: int | None = None, time_s: int | None = None) -> "TableView":
        number = self.head.number if number is None else number
        time_s = self.head.timestamp_s if time_s is None else time_s
        return replace(self, head=Head(number, hash_of(number), time_s))

    def block_hash(self, number: int) -> Hash32 | None:
        return hash_of(number) if 0 <= number <= self.head.number else None

    def is_own_licence_active(self) -> bool:
        return self.is_licensed

    def is_registered_grantee(self, account: Address) -> bool:
        return account in self.registered

    def is_active_grantee(self, account: Address) -> bool:
        return account in self.active

    def owner_key(self, account: Address) -> bytes | None:
        return self.owner_keys.get(account)

    def grant(self, grant_id: bytes) -> GrantFacts | None:
        return self.grants.get(grant_id)

    def emergency(self, emergency_id: bytes) -> EmergencyFacts | None:
        return self.emergencies.get(emergency_id)

    def doctor_key(self, account: Address) -> bytes | None:
        return self.doctor_keys.get(account)

    def record(self, deal_id: bytes) -> RecordFacts | None:
        return self.records.get(deal_id)

    def change_grant(self, grant_id: bytes, **changes) -> None:
        self.grants[grant_id] = replace(self.grants[grant_id], **changes)

    def change_record(self, deal_id: bytes, **changes) -> None:
        self.records[deal_id] = replace(self.records[deal_id], **changes)


class Ward:
    """Everything of one deal, t=3 and n=5."""

    def __init__(self, *, scope: int | None = None, derived: bool = False) -> None:
        self.entropy = TreeEntropy(5, "ward")
        self.view = TableView()
        self.wallet = make_wallet()
        self.deal = deal(
            RECORD,
            DealTerms(
                chain_id=7,
                pmr_id=PMR_ID.to_bytes(32),
                record_version=1,
                generation=0,
                dealer=HOSPITALS[0].address,
                t=3,
                n=5,
            ),
            entropy=self.entropy,
            seeds=SeedsUsed(),
            profile=Profile.SIMULATION,
            derived=self.wallet.essential_secret(CONTEXT) if derived else None,
        )
        self.deal_id = self.deal.header.deal_id()
        self.manifest = self.deal.manifest([one.address for one in HOSPITALS])
        self.view.records[self.deal_id] = RecordFacts(
            patient=PATIENT.address,
            pmr_id=PMR_ID,
            sections=scope_of(["lab_reports"]),
            filed_s=800,
            is_current=True,
            is_erased=False,
        )
        self.custodians = {x: self.make_custodian(x) for x in range(1, 5)}
        for x, custodian in self.custodians.items():
            custodian.hold(self.manifest.encode(), self.deal.custodians[x - 1].encode())
        sealed = seal_essential(self.deal.essential, self.wallet.sealing_public, self.entropy)
        self.wallet.accept(self.manifest.encode(), sealed)
        self.doctor = Grantee(signer=DOCTOR, sealing_private=DOCTOR_SEALING)
        self.consent = self.grant(0, scope=scope)
        self.grant_id = self.consent.grant_id
        self.letters = self.lend(self.grant_id)

    def make_custodian(self, x: int) -> Custodian:
        return Custodian(
            signer=HOSPITALS[x - 1],
            sealing_private=SEALING[x],
            domain=DOMAIN,
            store=MemoryStore(),
            entropy=TreeEntropy(5, "custodian", x),
            profile=Profile.SIMULATION,
        )

    def grant(self, nonce: int, *, scope: int | None = None) -> SignedConsent:
        """Sign a consent and put it into F."""
        signed = self.wallet.consent(
            pmr_id=PMR_ID,
            grantee=DOCTOR.address,
            grantee_key=self.doctor.sealing_public,
            purpose=Purpose.TREATMENT,
            scope=scope_of(["lab_reports"]) | LATER_BIT if scope is None else scope,
            valid_from_s=FROM_S,
            valid_until_s=UNTIL_S,
            nonce=nonce,
        )
        self.view.grants[signed.grant_id] = GrantFacts(
            patient=PATIENT.address,
            grantee=DOCTOR.address,
            grantee_key=signed.consent.grantee_key,
            pmr_id=signed.consent.pmr_id,
            scope=signed.consent.scope,
            valid_from_s=FROM_S,
            valid_until_s=UNTIL_S,
            granted_s=GRANTED_S,
            is_revoked=False,
        )
        return signed

    def lend(self, grant_id: bytes):
        """Deposit with all four custodians."""
        letters = self.wallet.deposit(grant_id, self.deal_id, KEYS, self.entropy)
        for letter in letters:
            self.custodians[letter.index].take_deposit(letter, self.view)
        return letters

    def renew(self, *, takers=(1, 2, 3, 4), **named):
        """Renew the deal with those custodians who get a letter and are among the takers."""
        letters = self.wallet.renew(self.deal_id, KEYS, self.entropy, **named)
        for letter in letters:
            if letter is not None and letter.index in takers:
                self.custodians[letter.index].take_renewal(letter, self.view)
        return letters

    def end(self, grant_id: bytes) -> None:
        """Revoke a grant in F; every custodian and the wallet follow."""
        self.view.change_grant(grant_id, is_revoked=True)
        for custodian in self.custodians.values():
            custodian.follow(self.view)
        self.wallet.advance(self.deal_id)

    def shares(self, indices=(1, 2, 3, 4)):
        """The custodians' containers as they are now, by index."""
        return {x: decode_container(self.custodians[x].share(self.deal_id)) for x in indices}

    def released(self, grant_id: bytes, indices=(1, 2, 3, 4)):
        """What custodians hold for a grant: ``z_x`` by index."""
        return {
            x: released_point(
                share,
                decode_container(self.custodians[x].grant_share(grant_id, self.deal_id)),
            )
            for x, share in self.shares(indices).items()
        }

    def request(self, index: int = 1, **changes):
        """A signed request of the doctor, with some fields changed before signing."""
        (made,) = self.doctor.requests(
            self.manifest,
            grant_id=self.grant_id,
            head=self.view.head,
            indices=(index,),
            entropy=self.entropy,
        )
        signer = changes.pop("signer", DOCTOR)
        return replace(made, **changes).signed(signer)

    def ask(self, indices=(1, 2, 3, 4), *, now_us: int = NOW_US):
        """The doctor asks; gives requests and encoded answers by index."""
        requests = [self.request(index) for index in indices]
        answers = {}
        for request in requests:
            got = self.custodians[request.index].handle(request.encode(), self.view, now_us)
            if got is not None:
                answers[request.index] = got.encode()
        return requests, answers


def make_wallet() -> Wallet:
    return Wallet(
        signer=PATIENT,
        sealing_private=PATIENT_SEALING,
        master=b"m" * 32,
        domain=DOMAIN,
        seeds=SeedsUsed(),
    )


class Overlay:
    """Custody of index 1 with single answers replaced."""

    def __init__(self, ward: Ward, **answers) -> None:
        self._custodian = ward.custodians[1]
        self._answers = answers

    def __getattr__(self, name: str):
        if name in self._answers:
            return lambda *arguments: self._answers[name]
        return getattr(self._custodian, name)


def decide_at_one(ward: Ward, request=None, now_us: int = NOW_US, custody=None):
    request = ward.request() if request is None else request
    return decide(request.encode(), ward.view, custody or ward.custodians[1], now_us)


def status_at_one(ward: Ward, request=None, now_us: int = NOW_US, **custody) -> Status:
    outcome = decide_at_one(ward, request, now_us, Overlay(ward, **custody))
    return Status.RELEASED if isinstance(outcome, Released) else outcome.status
