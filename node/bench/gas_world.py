"""A small world to measure gas in: the contracts of a network, some people, one block a call.

The contracts come from a scratch state as those of a genesis do.  Every transaction is signed and
runs in stock py-evm under London rules in a block of its own; its gas is that of its receipt:
intrinsic gas, execution, and the refund of EIP-3529.  Nothing is stored and no root is computed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from node.base.errors import CallRevertedError
from node.base.keccak import keccak256
from node.base.keys import MemoVerifier, PrivateKey
from node.base.types import EMPTY_CODE_HASH, ZERO_ADDRESS, ZERO_HASH, Address, Hash32
from node.bench.errors import CandidateFaultError
from node.contracts.abi import View
from node.contracts.cids import RAW, Content, join_cid
from node.contracts.consent_registry import Consent
from node.contracts.deploy import DeploySettings, deploy_all
from node.contracts.government_actions import Action
from node.contracts.names import ERC721
from node.contracts.pmr_id import encode_pmr_id
from node.contracts.reverts import decode_error
from node.contracts.suite import ContractSuite
from node.evm.calls import call
from node.evm.executor import AccountData, BlockDiff, ExecutionContext
from node.evm.executor_pyevm import PyevmExecutor
from node.evm.forks import LONDON
from node.evm.genesis import GenesisAccount
from node.evm.scratch import Scratch
from node.evm.transactions import decode_transaction, sign_legacy
from node.privacy.consent import Domain, Purpose, Revoke, sign

T = TypeVar("T")

CHAIN_ID: Final = 648_529
TODAY: Final = date(2021, 1, 26)
GENESIS_S: Final = 1_611_619_200
"""2021-01-26 00:00:00 UTC."""
BLOCK_SECONDS: Final = 5
GAS_LIMIT: Final = 30_000_000
FIRST_PATIENT_ID: Final = 85_437
PMR_ID: Final = encode_pmr_id(FIRST_PATIENT_ID, TODAY)
"""The record that stands from the beginning."""
DAY_SECONDS: Final = 86_400
FULL_SCOPE: Final = (0x7F | 1 << 255).to_bytes(32)


@dataclass(frozen=True, slots=True)
class Call:
    """A transaction to be: who sends what to which contract."""

    sender: str
    to: Address
    data: bytes
    value_wei: int = 0


def key_of(name: str) -> PrivateKey:
    """Give the key of a person; the same name has the same key everywhere."""
    return PrivateKey.from_bytes(keccak256(f"wardnet/bench/gas/{name}".encode()))


def account(name: str) -> Address:
    """Give the account of a person."""
    return key_of(name).address


def word(name: str) -> Hash32:
    """Give 32 bytes without zeros that mean nothing: keys, commitments, digests."""
    return keccak256(b"wardnet/bench/gas/word/" + name.encode())


def content(name: str) -> Content:
    """Give off-chain bytes as contracts see them."""
    return Content(word(f"commitment {name}"), join_cid(RAW, word(f"cid {name}")))


class GasWorld:
    """A chain of one-transaction blocks behind typed bindings."""

    def __init__(self, suite: ContractSuite, state: "_State") -> None:
        self.suite = suite
        self.number = 0
        self.time_s = GENESIS_S
        self._state = state

    @classmethod
    def found(cls, members: int = 3, validators: int = 4, token: str = ERC721) -> "GasWorld":
        """Build the contracts: members ``m0 ...``, validators ``v0 ...``, nobody else yet."""
        scratch = Scratch(CHAIN_ID, timestamp=GENESIS_S)
        settings = DeploySettings(
            members=tuple(account(f"m{place}") for place in range(members)),
            validators=tuple(sorted(account(f"v{place}") for place in range(validators))),
            min_validators=1,
            first_patient_id=FIRST_PATIENT_ID,
            token=token,
        )
        suite = ContractSuite.at(deploy_all(scratch, settings).addresses)
        return cls(suite, _State.of(scratch.dump()))

    def fork(self) -> "GasWorld":
        """Give a world with the same past and a future of its own."""
        twin = GasWorld(self.suite, self._state.copy())
        twin.number, twin.time_s = self.number, self.time_s
        return twin

    def wait(self, seconds: int) -> None:
        """Let the next block come so much later."""
        self.time_s += seconds

    def send(self, sent: Call) -> int:
        """Run a transaction in a block of its own; give its gas.

        raises        CandidateFaultError: a contract refuses it, which no case of ours expects.
        """
        self.number += 1
        self.time_s += BLOCK_SECONDS
        key = key_of(sent.sender)
        known = self._state.account(key.address)
        raw = sign_legacy(
            key,
            chain_id=CHAIN_ID,
            nonce=known.nonce if known else 0,
            to=sent.to,
            data=sent.data,
            gas=GAS_LIMIT,
            value=sent.value_wei,
        )
        run = PyevmExecutor().open(self._context(), self._state)
        receipt = run.apply(decode_transaction(raw, MemoVerifier()))
        if receipt.status != 1:
            raise CandidateFaultError(self._name_of(sent), f"refused: {self._why(sent)}")
        self._state.put(run.finish().diff)
        return receipt.cumulative_gas_used

    def endow(self, name: str, wei: int) -> None:
        """Let a person have so much; nobody has anything otherwise."""
        self._state.endow(account(name), wei)

    def view(self, view: View[T]) -> T:
        """Ask a contract at the head."""
        return view.decode(self._ask(ZERO_ADDRESS, view.to, view.data))

    def enact(self, action: Action) -> Call:
        """Propose as ``m0``; give the vote that decides, of three members."""
        government = self.suite.government
        self.send(Call("m0", government.address, government.propose(action)))
        number = self.view(government.proposal_count())
        return Call("m1", government.address, government.vote(number))

    def consent(self, patient: str = "p1", grantee: str = "d2", pmr_id: int = PMR_ID) -> Consent:
        """Give a Consent of the next nonce, for a day, in all sections."""
        return Consent(
            pmr_id=pmr_id,
            patient=account(patient),
            grantee=account(grantee),
            purpose=Purpose.TREATMENT.encode(),
            scope=FULL_SCOPE,
            grantee_key=word(f"x25519 {grantee}"),
            valid_from_s=self.time_s,
            valid_until_s=self.time_s + DAY_SECONDS,
            nonce=self.view(self.suite.consents.nonce(account(patient))),
        )

    def signed(self, consent: Consent, patient: str = "p1") -> bytes:
        """Sign a Consent: its grant id is what EIP-712 has one sign."""
        return key_of(patient).sign(self.view(self.suite.consents.grant_id_of(consent)))

    def grant(self, consent: Consent | None = None, patient: str = "p1") -> Call:
        """Give a relayed Consent."""
        given = consent or self.consent(patient)
        consents = self.suite.consents
        return Call("relay", consents.address, consents.grant(given, self.signed(given, patient)))

    def signed_revoke(self, grant_id: Hash32, nonce: int, patient: str = "p1") -> bytes:
        """Sign a Revoke."""
        domain = Domain(CHAIN_ID, self.suite.consents.address)
        return sign(Revoke(grant_id=grant_id, nonce=nonce), domain, key_of(patient))

    def _context(self) -> ExecutionContext:
        return ExecutionContext(
            profile=LONDON,
            chain_id=CHAIN_ID,
            number=self.number,
            timestamp=self.time_s,
            fee_recipient=ZERO_ADDRESS,
            difficulty=1,
            mix_hash=ZERO_HASH,
            gas_limit=GAS_LIMIT,
            base_fee=0,
        )

    def _ask(self, sender: Address, to: Address, data: bytes) -> bytes:
        return call(self._context(), self._state, sender=sender, to=to, data=data)

    def _why(self, sent: Call) -> str:
        try:
            self._ask(account(sent.sender), sent.to, sent.data)
        except CallRevertedError as error:
            return str(decode_error(error.data))
        return "not enough gas"

    def _name_of(self, sent: Call) -> str:
        return f"{self.suite.name_of(sent.to)} 0x{sent.data[:4].hex()} by {sent.sender}"


class _State:
    """Accounts, slots and code in dictionaries: what an executor reads, and where diffs go."""

    def __init__(self) -> None:
        self._accounts: dict[Address, AccountData] = {}
        self._slots: dict[Address, dict[int, int]] = {}
        self._code: dict[Hash32, bytes] = {EMPTY_CODE_HASH: b""}

    @classmethod
    def of(cls, alloc: Mapping[Address, GenesisAccount]) -> "_State":
        made = cls()
        for address, each in alloc.items():
            code_hash = keccak256(each.code)
            made._code[code_hash] = each.code
            made._accounts[address] = AccountData(each.nonce, each.balance, code_hash)
            made._slots[address] = dict(each.storage)
        return made

    def copy(self) -> "_State":
        twin = _State()
        twin._accounts = dict(self._accounts)
        twin._slots = {address: dict(slots) for address, slots in self._slots.items()}
        twin._code = dict(self._code)
        return twin

    def put(self, diff: BlockDiff) -> None:
        for address in diff.wiped:
            self._slots.pop(address, None)
        for address, account in diff.accounts.items():
            if account is None:
                self._accounts.pop(address, None)
            else:
                self._accounts[address] = account
        for address, slots in diff.storage.items():
            self._slots.setdefault(address, {}).update(slots)
        self._code |= diff.code

    def endow(self, address: Address, wei: int) -> None:
        known = self.account(address) or AccountData(0, 0, EMPTY_CODE_HASH)
        self._accounts[address] = known._replace(balance=wei)

    def account(self, address: Address) -> AccountData | None:
        return self._accounts.get(address)

    def slot(self, address: Address, slot: int) -> int:
        return self._slots.get(address, {}).get(slot, 0)

    def code(self, code_hash: Hash32) -> bytes:
        return self._code[code_hash]
