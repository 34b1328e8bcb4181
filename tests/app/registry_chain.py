"""A ledger with all contracts in its genesis, on which one member is the whole authority."""

from node.app.validator_sets import RegistryValidators, SetCache
from node.base.keys import PrivateKey
from node.base.types import Address, Hash32
from node.contracts.deploy import DeploySettings, deploy_all
from node.contracts.government_actions import VerifyHospital
from node.contracts.suite import ContractSuite
from node.evm.ledger import Ledger
from node.evm.scratch import Scratch
from tests.evm.chains import CHAIN_ID, VERIFIER, extend, genesis, legacy

MEMBER = PrivateKey.from_bytes(b"\x77" * 32)
ONES = tuple(Address(bytes([n]) * 20) for n in range(1, 101))
"""Validators; the first ``hospitals`` of them are accounts of Verified hospitals."""


class Chain:
    """A ledger whose genesis holds the contracts, with one member of the authority."""

    def __init__(self, validators: int = 7, hospitals: int = 0, minimum: int = 4) -> None:
        scratch = Scratch(CHAIN_ID, timestamp=0)
        settings = DeploySettings((MEMBER.address,), ONES[:validators], min_validators=minimum)
        self.suite = ContractSuite.at(deploy_all(scratch, settings).addresses)
        self.government = self.suite.government
        for place in range(hospitals):
            self._found_hospital(scratch, place)
        self.genesis = genesis(scratch.dump())
        self.ledger = Ledger(self.genesis, verifier=VERIFIER)
        self._nonce = 0

    def _found_hospital(self, scratch: Scratch, place: int) -> None:
        registry = self.suite.hospitals
        application = registry.submit_application(
            f"GOV-{place}",
            name=f"Hospital {place}",
            location="Kolkata",
            specialisation="general",
            contact="desk@example.org",
            custody_key=bytes([place + 1]) * 32,
        )
        scratch.call(ONES[place], registry.address, application)
        verified = self.government.propose(VerifyHospital(ONES[place]))
        scratch.call(MEMBER.address, self.government.address, verified)

    def send(self, data: bytes) -> Hash32:
        """Call the government's contract in a block of its own; give its hash."""
        raw = legacy(MEMBER, self._nonce, self.government.address, data, gas=3_000_000)
        self._nonce += 1
        extend(self.ledger, [raw])
        return self.ledger.head_hash

    def block(self, *actions) -> Hash32:
        """Let the authority do this in a block of its own; give its hash."""
        raws = []
        for action in actions:
            data = self.government.propose(action)
            to = self.government.address
            raws.append(legacy(MEMBER, self._nonce, to, data, gas=3_000_000))
            self._nonce += 1
        extend(self.ledger, raws)
        return self.ledger.head_hash

    def sets(self, cache: SetCache | None = None) -> RegistryValidators:
        return RegistryValidators(self.ledger, self.government, cache)
