"""The people of the contract tests, and the steps that most tests begin with."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from eth_account import Account
from eth_account.messages import SignableMessage, encode_typed_data

from node.base.errors import CallRevertedError
from node.base.keccak import keccak256
from node.base.keys import PrivateKey
from node.base.types import ZERO_ADDRESS, Address, Cid, Hash32
from node.contracts.abi import LedgerEvent, View
from node.contracts.cids import RAW, Content, join_cid
from node.contracts.compile import load_artifact
from node.contracts.consent_registry import Consent
from node.contracts.deploy import (
    DEPLOYER,
    DeploySettings,
    constructor_arguments,
    deploy_all,
    predict_addresses,
)
from node.contracts.government_actions import Action, VerifyHospital
from node.contracts.pmr_id import encode_pmr_id
from node.contracts.reverts import RevertReason
from node.contracts.suite import ContractSuite
from tests.contracts.mined_chain import MinedChain
from tests.contracts.provoked import note_event, note_refusal
from tests.contracts.stock_chain import BLOCK_SECONDS, CHAIN_ID, Outcome, StockChain, T

DAY: Final = 86_400
TODAY: Final = date(2021, 1, 26)
TREAT: Final = b"TREAT".ljust(32, b"\0")
DIAGNOSIS: Final = (1 << 2).to_bytes(32)
CONSENT_FIELDS: Final = {
    "pmrId": "uint256",
    "patient": "address",
    "grantee": "address",
    "purpose": "bytes32",
    "scope": "bytes32",
    "granteeKey": "bytes32",
    "validFrom": "uint64",
    "validUntil": "uint64",
    "nonce": "uint256",
}
REVOKE_FIELDS: Final = {"grantId": "bytes32", "nonce": "uint256"}


KEYS: Final[dict[Address, PrivateKey]] = {}
"""The keys of all accounts that were named."""


def secret_of(name: str) -> bytes:
    return keccak256(f"contract tests: {name}".encode())


def key_of(name: str) -> PrivateKey:
    return PrivateKey.from_bytes(secret_of(name))


def account(name: str) -> Address:
    key = key_of(name)
    KEYS[key.address] = key
    return key.address


def x25519(name: str) -> bytes:
    return keccak256(f"x25519 of {name}".encode())


def cid(name: str) -> Cid:
    return join_cid(RAW, keccak256(f"cid of {name}".encode()))


def content(name: str) -> Content:
    return Content(Hash32(keccak256(f"commitment to {name}".encode())), cid(name))


MEMBERS: Final = tuple(account(f"member {i}") for i in range(3))
VALIDATORS: Final = tuple(account(f"hospital {i}") for i in range(4))
STRANGER: Final = account("stranger")
SETTINGS: Final = DeploySettings(MEMBERS, VALIDATORS, first_patient_id=85_437)
PMR_ID: Final = encode_pmr_id(85_437, TODAY)


@dataclass
class World:
    """A chain, the contracts on it, and short words for what tests do with them."""

    chain: StockChain
    suite: ContractSuite

    @classmethod
    def deployed(
        cls, settings: DeploySettings = SETTINGS, chain: StockChain | None = None
    ) -> "World":
        chain = StockChain() if chain is None else chain
        return cls(chain, ContractSuite.at(deploy_all(chain, settings).addresses))

    def fork(self) -> "World":
        return World(self.chain.fork(), self.suite)

    def send(
        self,
        sender: str | Address,
        to: Address,
        data: bytes,
        *,
        block: bool = True,
        value: int = 0,
    ) -> Outcome:
        who = account(sender) if isinstance(sender, str) else sender
        return self.chain.transact(who, to, data, block=block, value=value)

    def refused(
        self, sender: str | Address, to: Address, data: bytes, *, value: int = 0
    ) -> RevertReason:
        """Give the reason, from a mined transaction on eth-tester; fails the test without one.

        Nothing of it stays but its block: number and time go on.
        """
        who = account(sender) if isinstance(sender, str) else sender
        reason = MinedChain(self.chain).refused(KEYS.get(who, who), to, data, value)
        self.chain.wait(BLOCK_SECONDS)
        note_refusal(self.name_of(to), data, reason.name)
        return reason

    def view_refused(self, view: View[T]) -> RevertReason:
        """Give why a question is not answered."""
        reason = MinedChain(self.chain).refused(ZERO_ADDRESS, view.to, view.data)
        note_refusal(self.name_of(view.to), view.data, reason.name)
        return reason

    def name_of(self, contract: Address) -> str:
        name = self.suite.name_of(contract)
        assert name is not None, "no contract of ours"
        return name

    def view(self, view: View[T]) -> T:
        return self.chain.view(view)

    def events(self, outcome: Outcome) -> list[LedgerEvent]:
        found = self.chain.events(self.suite, outcome)
        for event in found:
            note_event(self.name_of(outcome.to), outcome.data, event.SPEC.name)
        return found

    # the authority

    def propose(self, action: Action, by: Address = MEMBERS[0]) -> int:
        self.send(by, self.suite.government.address, self.suite.government.propose(action))
        return self.view(self.suite.government.proposal_count())

    def vote(self, proposal_id: int, by: Address) -> Outcome:
        return self.send(by, self.suite.government.address, self.suite.government.vote(proposal_id))

    def enact(self, action: Action, *members: Address) -> Outcome:
        """Let two of three members decide; give the outcome of the vote that decides."""
        voters = members or MEMBERS[:2]
        proposal_id = self.propose(action, voters[0])
        for member in voters[1:-1]:
            self.vote(proposal_id, member)
        return self.vote(proposal_id, voters[-1])

    def enact_refused(self, action: Action) -> RevertReason:
        government = self.suite.government
        proposal_id = self.propose(action)
        return self.refused(MEMBERS[1], government.address, government.vote(proposal_id))

    # registrations

    def application(self, name: str, registration: str | None = None) -> bytes:
        return self.suite.hospitals.submit_application(
            registration or f"IN/{name}",
            name=name,
            location="Chennai",
            specialisation="general",
            contact="desk@example.org",
            custody_key=x25519(name),
        )

    def add_hospital(self, name: str) -> int:
        self.send(name, self.suite.hospitals.address, self.application(name))
        self.enact(VerifyHospital(account(name)))
        return self.view(self.suite.hospitals.id_of(account(name)))

    def onboarding(self, name: str, registration: str | None = None) -> bytes:
        return self.suite.doctors.onboard(
            account(name),
            registration or f"UPRN-{name}",
            name=f"Dr {name}",
            specialisation="cardiology",
            contact="dr@example.org",
            key=x25519(name),
        )

    def add_doctor(self, name: str, hospital: str) -> int:
        self.send(hospital, self.suite.doctors.address, self.onboarding(name))
        return self.view(self.suite.doctors.id_of(account(name)))

    def registration(self, name: str) -> bytes:
        return self.suite.patients.register(
            account(name), key=x25519(name), details=content(name), attendant=content(f"kin {name}")
        )

    def add_patient(self, name: str, hospital: str) -> int:
        self.send(hospital, self.suite.patients.address, self.registration(name))
        return self.view(self.suite.patients.id_of(account(name)))

    # consent

    def consent(self, **changes: object) -> Consent:
        """A valid Consent of patient p1 for doctor d2 on the example's record, then changed."""
        patient = changes.get("patient", account("p1"))
        base = Consent(
            pmr_id=PMR_ID,
            patient=account("p1"),
            grantee=account("d2"),
            purpose=TREAT,
            scope=DIAGNOSIS,
            grantee_key=x25519("d2"),
            valid_from_s=self.chain.time_s,
            valid_until_s=self.chain.time_s + DAY,
            nonce=self.view(self.suite.consents.nonce(patient)),  # type: ignore[arg-type]
        )
        return replace(base, **changes)  # type: ignore[arg-type]

    def typed(
        self,
        kind: str,
        fields: dict[str, str],
        values: tuple[object, ...],
        *,
        chain_id: int = CHAIN_ID,
        contract: Address | None = None,
    ) -> SignableMessage:
        """The message as eth-account hashes it: the judge of our digests."""
        return encode_typed_data(
            domain_data={
                "name": "wardnet",
                "version": "1",
                "chainId": chain_id,
                "verifyingContract": contract or self.suite.consents.address,
            },
            message_types={kind: [{"name": name, "type": t} for name, t in fields.items()]},
            message_data=dict(zip(fields, values, strict=True)),
        )

    def signed(self, consent: Consent, signer: str = "p1") -> bytes:
        message = self.typed("Consent", CONSENT_FIELDS, consent.as_abi())
        return sign_with(signer, message)

    def signed_revoke(self, grant_id: Hash32, nonce: int, signer: str = "p1") -> bytes:
        return sign_with(signer, self.typed("Revoke", REVOKE_FIELDS, (grant_id, nonce)))

    def grant(self, consent: Consent | None = None, signer: str = "p1") -> Hash32:
        given = consent or self.consent()
        data = self.suite.consents.grant(given, self.signed(given, signer))
        return Hash32(self.send(STRANGER, self.suite.consents.address, data).output)

    def grant_refused(self, consent: Consent, signer: str = "p1") -> RevertReason:
        data = self.suite.consents.grant(consent, self.signed(consent, signer))
        return self.refused(STRANGER, self.suite.consents.address, data)


def construction_refused(settings: DeploySettings) -> RevertReason:
    """Give why the first contract that takes offence at its settings is not built."""
    stock, addresses = StockChain(), predict_addresses(token=settings.token)
    arguments = constructor_arguments(addresses, settings)
    for name in addresses:
        initcode = load_artifact(name).bytecode + arguments[name]
        try:
            stock.deploy(initcode, DEPLOYER)
        except CallRevertedError:
            reason = MinedChain(stock).refused(key_of("stranger"), None, initcode)
            note_refusal(name, None, reason.name)
            return reason
    raise AssertionError("every contract was built")


def sign_with(signer: str, message: SignableMessage) -> bytes:
    secret = keccak256(f"contract tests: {signer}".encode())
    return bytes(Account.sign_message(message, secret).signature)


def peopled(settings: DeploySettings = SETTINGS) -> World:
    """Hospitals h1, h2 Verified; doctors d1 of h1, d2 of h2; patients p1, p2; lab l1; one PMR."""
    world = World.deployed(settings)
    people(world)
    return world


def people(world: World) -> None:
    """Let these people come into a world that is only deployed."""
    for name in ("h1", "h2"):
        world.add_hospital(name)
    world.add_doctor("d1", "h1")
    world.add_doctor("d2", "h2")
    for name in ("p1", "p2"):
        world.add_patient(name, "h1")
    labs = world.suite.labs
    world.send("h1", labs.address, labs.list_lab(account("l1"), "Central Lab"))
    pmr = world.suite.pmr
    world.send("d1", pmr.address, pmr.consult(PMR_ID, hospital_id=1, content=content("visit 1")))
