"""Who a peer still is, as the newest final block has it: whoever lost its licence is let go.

Consensus drops a key by the registry's set; this desk closes the connection, and both follow from
the same final state.  Nothing here acts before finality (consensus.md section 8).
"""

from collections.abc import Callable

from node.app.chain_desk import ChainDesk
from node.app.licence_watch import LicenceWatch
from node.app.turn import Turn
from node.app.validator_sets import RegistryValidators
from node.base.errors import UnavailableError
from node.base.header import Header
from node.base.types import Address
from node.contracts.suite import ContractSuite
from node.evm.blooms import EMPTY_BLOOM, may_hold
from node.p2p.licences import VALIDATOR, CertificateStatus, Standings

PeerListener = Callable[[Turn, Address], None]


class StandingDesk:
    """Judges peers after each final block that could have changed what they are."""

    def __init__(
        self, chain: ChainDesk, contracts: ContractSuite, sets: RegistryValidators
    ) -> None:
        self._chain = chain
        self._sets = sets
        self._watch = LicenceWatch(chain.ledger, contracts, sets)
        self._registries = (contracts.government.address, contracts.hospitals.address)
        self._standings = Standings()
        self._peers: dict[Address, None] = {}
        self._closed: dict[Address, None] = {}
        self._read_to = 0
        self._members: tuple[Address, ...] | None = None
        """Of the next block; None: nobody looked yet, and validators begin as validators."""
        self.on_close: list[PeerListener] = []
        """Called when a peer that is connected may not be one any more."""
        chain.on_head.append(self._final_moved)

    def peer_connected(self, peer: Address) -> bool:
        """Say whether a peer is let in."""
        self._peers[peer] = None
        return self.is_admitted(peer)

    def peer_lost(self, peer: Address) -> None:
        """Forget a peer."""
        self._peers.pop(peer, None)

    def is_admitted(self, peer: Address) -> bool:
        """Say whether a peer may be spoken to; nobody is refused without a final reason."""
        return peer not in self._closed

    def _final_moved(self, turn: Turn) -> None:
        final = self._chain.final
        if final.number == self._read_to:
            return
        try:
            concerns_peers = self._concerns_peers(final)
            licences = self._watch.licences(final.hash(), self._peers) if concerns_peers else {}
        except UnavailableError as error:
            turn.note("p2p.standings_unknown", why=str(error))
            return  # what these blocks changed is looked at again with the next one
        self._read_to = final.number
        if not concerns_peers:
            return
        before = {key: self._standings.verdict(key) for key in licences}
        for change in self._standings.update(licences):
            is_first = before.get(change.address) is None
            is_stranger = change.verdict.certificate is CertificateStatus.CEASED
            if is_first and (is_stranger or change.verdict == VALIDATOR):
                # validators begin so; whom no registry knows, the connection's identity let in
                continue
            self._closed.pop(change.address, None)
            if change.close is not None:
                self._closed[change.address] = None
            standing, certificate = change.verdict.standing, change.verdict.certificate
            turn.note(
                "p2p.standing_changed",
                peer=change.address,
                standing=standing.value,
                certificate=certificate.value,
            )
            if change.close is not None and change.address in self._peers:
                for listener in self.on_close:
                    listener(turn, change.address)

    def _concerns_peers(self, final: Header) -> bool:
        """Say whether the set, or anything in the registries, changed since the last look."""
        members = self._sets.validators_after_block(final.hash())
        has_moved, self._members = self._members not in (None, members), members
        return has_moved or any(
            self._touches(number) for number in range(self._read_to + 1, final.number + 1)
        )

    def _touches(self, number: int) -> bool:
        header = self._chain.ledger.header_by_number(number)
        if header is None or header.logs_bloom == EMPTY_BLOOM:
            return False
        return any(may_hold(header.logs_bloom, address) for address in self._registries)
