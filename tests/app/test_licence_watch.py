"""Consensus, certificates and peers read one final state, and so they agree on every change."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from node.app.licence_watch import LicenceWatch
from node.app.validator_sets import RegistryValidators
from node.base.errors import UnknownBlockError, ValidatorSetUnavailableError
from node.base.keccak import keccak256
from node.base.keys import PrivateKey
from node.base.rng import TreeEntropy
from node.base.types import Address, Hash32
from node.contracts.government_actions import (
    AdmitValidator,
    EmergencyWithdraw,
    RevokeHospital,
    SetLicence,
    SuspendHospital,
    VerifyHospital,
    WithdrawValidator,
)
from node.contracts.government_registry import GovernmentRegistry
from node.contracts.key_rotation import RotateKey
from node.p2p.authority import CertificateAuthority
from node.p2p.certificates import CertificateRequest, Identity, read_leaf
from node.p2p.licences import (
    CertificateStatus,
    Licence,
    LicenceStatus,
    Standing,
    StandingChanged,
    Standings,
)
from node.p2p.messages import Reason
from node.p2p.revocations import read_crl
from tests.app.registry_chain import ONES, Chain
from tests.evm.chains import CHAIN_ID

NOW_S = 1_900_000_000
KEYS = [PrivateKey.from_bytes(keccak256(f"licences: {n}".encode())) for n in range(3)]
ZERO = Hash32(bytes(32))


class Network:
    """Five validators of five hospitals, the authority, and what nodes make of a final block."""

    def __init__(self, minimum: int = 4) -> None:
        self.chain = Chain(5, hospitals=5, minimum=minimum)
        self.watch = LicenceWatch(self.chain.ledger, self.chain.suite, self.chain.sets())
        self.standings = Standings()
        self.now_s = NOW_S
        root = ec.derive_private_key(1, ec.SECP256R1())
        self.ca = CertificateAuthority.founded(root, TreeEntropy(1, "ca"), now_s=NOW_S)
        self.serials: dict[Address, int] = {}
        self.final(self.chain.ledger.genesis_hash)

    def final(self, block: Hash32) -> tuple[StandingChanged, ...]:
        """A block is final: peers and authority follow it."""
        self.now_s += 5
        changed = self.standings.update(self.watch.licences(block, self.serials))
        for one in changed:
            self.ca.follow(one, now_s=self.now_s)
        return changed

    def certify(self, key: PrivateKey, place: int) -> None:
        """Give a validator key of a hospital its certificate."""
        identity = Identity(f"h{place}", key.address, f"GOV-{place}")
        tls = ec.derive_private_key(100 + place, ec.SECP256R1())
        der = self.ca.issue(
            CertificateRequest.made(identity, tls, key),
            self.standings.verdict(key.address),
            identity,
            hospital=f"Hospital {place}",
            now_s=self.now_s,
        )
        self.serials[key.address] = read_leaf(der, self.ca.root).serial

    def admitted(self, place: int = 0) -> Address:
        """Let a hospital validate with a key that can sign, certified."""
        key = KEYS[0]
        admission = AdmitValidator(ONES[place], key.address, ZERO, ZERO)
        self.final(self.chain.block(admission))
        self.certify(key, place)
        return key.address

    def seen(self, key: Address, block: Hash32) -> tuple[bool, Standing, CertificateStatus]:
        """Give what consensus, peers and the list say of a key: the next set, standing, CRL."""
        crl = read_crl(self.ca.crl(now_s=self.now_s), self.ca.root, now_s=self.now_s + 60)
        entry = crl.entries.get(self.serials[key])
        verdict = self.standings.verdict(key)
        assert verdict is not None
        members = self.chain.sets().validators_after_block(block)
        status = CertificateStatus.GOOD if entry is None else entry.status
        assert status is verdict.certificate
        return key in members, verdict.standing, status


@pytest.fixture
def network() -> Network:
    return Network()


IN = (True, Standing.VALIDATOR, CertificateStatus.GOOD)
OUT = (False, Standing.OBSERVER, CertificateStatus.GOOD)
HELD = (False, Standing.OBSERVER, CertificateStatus.HOLD)
REVOKED = (False, Standing.CLOSED, CertificateStatus.WITHDRAWN)


def test_all_first_validators_are_validators_to_their_peers(network: Network) -> None:
    for key in ONES[:5]:
        verdict = network.standings.verdict(key)
        assert verdict is not None
        assert verdict.standing is Standing.VALIDATOR


def test_an_admitted_key_is_a_validator_when_its_block_is_final(network: Network) -> None:
    enacted = network.chain.block(AdmitValidator(ONES[0], KEYS[0].address, ZERO, ZERO))
    assert network.standings.verdict(KEYS[0].address) is None
    network.final(enacted)
    network.certify(KEYS[0], 0)
    assert network.seen(KEYS[0].address, enacted) == IN


@pytest.mark.parametrize(
    ("action", "then"),
    [
        (SuspendHospital(ONES[0]), HELD),
        (RevokeHospital(ONES[0]), REVOKED),
        (WithdrawValidator(KEYS[0].address), OUT),
        (EmergencyWithdraw(KEYS[0].address), OUT),
    ],
)
def test_all_three_agree_on_each_change_and_only_when_it_is_final(network, action, then) -> None:
    key = network.admitted()
    before = network.chain.block()
    enacted = network.chain.block(action)
    network.final(before)
    assert network.seen(key, before) == IN
    changed = network.final(enacted)
    following = network.chain.block()  # a hospital of two keys loses one a block
    changed += network.final(following)
    ended = network.seen(key, following)
    assert ended == then
    told = [one for one in changed if one.address == key]
    closes = [one.close for one in told if one.verdict.standing is Standing.CLOSED]
    assert closes == ([Reason.NOT_ADMITTED] if then == REVOKED else [])


def test_a_lifted_suspension_ends_the_hold_and_admission_makes_a_validator(network) -> None:
    key = network.admitted()
    network.chain.block(SuspendHospital(ONES[0]))
    held = network.chain.block()
    network.final(held)
    assert network.seen(key, held) == HELD
    lifted = network.chain.block(VerifyHospital(ONES[0]))
    network.final(lifted)
    assert network.seen(key, lifted) == OUT
    back = network.chain.block(AdmitValidator(ONES[0], key, ZERO, ZERO))
    network.final(back)
    assert network.seen(key, back) == IN


def test_a_key_that_queue_or_minimum_hold_back_is_a_validator_until_it_has_left() -> None:
    network = Network(minimum=5)
    key = network.admitted()
    waits = network.chain.block(RevokeHospital(ONES[0]))  # two keys of six, one may leave
    network.final(waits)
    members = network.chain.sets().validators_after_block(waits)
    assert len(members) == 5
    stays = key if key in members else ONES[0]
    verdict = network.standings.verdict(stays)
    assert verdict is not None
    assert verdict.standing is Standing.VALIDATOR
    gone = network.chain.block(AdmitValidator(ONES[1], KEYS[1].address, ZERO, ZERO))
    later = network.chain.block()
    network.final(gone)
    network.final(later)
    assert stays not in network.chain.sets().validators_after_block(later)
    assert network.seen(key, later) == REVOKED


def test_an_ended_licence_acts_on_nobody_until_it_is_swept(network: Network) -> None:
    key = network.admitted()
    ended = network.chain.block(SetLicence(ONES[0], 1))
    network.final(ended)
    assert network.seen(key, ended) == IN
    network.chain.send(network.chain.government.sweep_expired(1))
    swept = network.chain.block()
    network.final(swept)
    assert network.seen(key, swept) == HELD
    renewed = network.chain.block(SetLicence(ONES[0], 0))
    network.final(renewed)
    assert network.seen(key, renewed) == OUT


def test_a_rotated_key_is_a_validator_and_the_old_leaf_is_superseded(network: Network) -> None:
    old = network.admitted()
    government = network.chain.government
    new = KEYS[1].address
    record = government.validator(old)
    since = record.decode(network.chain.ledger.call(record.to, record.data)).active_from
    by_old, by_new = RotateKey(old, new, since).proofs(
        KEYS[0], KEYS[1], chain_id=CHAIN_ID, government=government.address
    )
    rotated = network.chain.send(government.rotate_key(old, new, by_old=by_old, by_new=by_new))
    network.final(rotated)
    network.certify(KEYS[1], 0)
    assert network.seen(new, rotated) == IN
    assert network.seen(old, rotated) == OUT
    network.ca.supersede(old, now_s=network.now_s)
    crl = read_crl(network.ca.crl(now_s=network.now_s), network.ca.root, now_s=network.now_s + 60)
    assert set(crl.entries) == {network.serials[old]}


def test_a_candidate_is_known_by_its_hospitals_account(network: Network) -> None:
    stranger, chain = Address(b"\x99" * 20), network.chain
    watch = LicenceWatch(chain.ledger, chain.suite, chain.sets())
    found = watch.licences(chain.block(WithdrawValidator(ONES[4])), [ONES[4], stranger])
    assert found[ONES[4]] == Licence(LicenceStatus.VERIFIED, is_expired=False, in_set=False)
    assert found[stranger] == Licence(LicenceStatus.UNKNOWN, is_expired=False, in_set=False)


def test_nobodys_standing_moves_by_a_block_that_is_not_known(network: Network) -> None:
    with pytest.raises(UnknownBlockError):
        network.watch.licences(Hash32(b"\xee" * 32), ())


def test_nobodys_standing_moves_without_a_set(network: Network) -> None:
    chain = network.chain
    elsewhere = GovernmentRegistry(Address(b"\x98" * 20))
    watch = LicenceWatch(chain.ledger, chain.suite, RegistryValidators(chain.ledger, elsewhere))
    with pytest.raises(ValidatorSetUnavailableError):
        watch.licences(chain.ledger.head_hash, ())
