"""The licences of all nodes as a final block has them: what peers and the authority obey.

A key's hospital is the one that the validator record names; a candidate without a record is known
by its hospital's account (records.md section 3).
"""

from collections.abc import Iterable
from typing import TypeVar

from node.app.validator_sets import RegistryValidators
from node.base.errors import UnknownBlockError
from node.base.types import Address, Hash32
from node.contracts.abi import View
from node.contracts.suite import ContractSuite
from node.evm.ledger import Ledger
from node.p2p.licences import Licence, LicenceStatus

T = TypeVar("T")


class LicenceWatch:
    """Reads what ``Standings.update`` takes."""

    def __init__(self, ledger: Ledger, contracts: ContractSuite, sets: RegistryValidators) -> None:
        self._ledger = ledger
        self._contracts = contracts
        self._sets = sets

    def licences(self, final: Hash32, keys: Iterable[Address]) -> dict[Address, Licence]:
        """Give the licences behind ``keys`` and behind all validators, after a final block.

        raises        UnknownBlockError; ValidatorSetUnavailableError: then nobody's standing moves.
        """
        header = self._ledger.header(final)
        if header is None:
            raise UnknownBlockError(f"0x{final.hex()}")
        members = set(self._sets.validators_after_block(final))
        found: dict[Address, Licence] = {}
        for key in sorted(members.union(keys)):
            hospital_id = self._hospital_of(key, final)
            until_s = self._ask(self._contracts.government.licence_until(hospital_id), final)
            found[key] = Licence(
                status=self._status(key, hospital_id, final),
                is_expired=0 < until_s <= header.timestamp,
                in_set=key in members,
            )
        return found

    def _hospital_of(self, key: Address, at: Hash32) -> int:
        record = self._ask(self._contracts.government.validator(key), at)
        return record.hospital_id or self._ask(self._contracts.hospitals.id_of(key), at)

    def _status(self, key: Address, hospital_id: int, at: Hash32) -> LicenceStatus:
        hospitals = self._contracts.hospitals
        account = self._ask(hospitals.account_of(hospital_id), at) if hospital_id else key
        return LicenceStatus(self._ask(hospitals.hospital(account), at).status)

    def _ask(self, question: View[T], at: Hash32) -> T:
        return question.decode(self._ledger.call(question.to, question.data, at=at))
