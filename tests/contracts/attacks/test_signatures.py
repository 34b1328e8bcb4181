"""Attacks with signatures that were given once: other chains, contracts, nonces, times, forms."""

from dataclasses import replace

import pytest

from node.base.keys import SIGNATURE_BYTES
from node.contracts.key_rotation import RotateKey
from node.contracts.reverts import RevertReason
from tests.contracts.consents import D2, is_allowed, nonce_of, revoke
from tests.contracts.recovering import recovered, refused
from tests.contracts.stock_chain import CHAIN_ID
from tests.contracts.validators import admit
from tests.contracts.world import (
    CONSENT_FIELDS,
    PMR_ID,
    REVOKE_FIELDS,
    STRANGER,
    World,
    account,
    content,
    key_of,
    sign_with,
)

SECP256K1_N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def relay_refused(world: World, signature: bytes, **changes: object) -> RevertReason:
    data = world.suite.consents.grant(world.consent(**changes), signature)
    return world.refused(STRANGER, world.suite.consents.address, data)


def twin(signature: bytes) -> bytes:
    """Give the other signature of the same message and key: s negated, v flipped."""
    s = SECP256K1_N - int.from_bytes(signature[32:64])
    return signature[:32] + s.to_bytes(32) + bytes((signature[64] ^ 7,))  # 27 and 28


def test_consent_signed_for_another_chain_or_contract_is_no_consent(world: World) -> None:
    consent = world.consent()
    fields = ("Consent", CONSENT_FIELDS, consent.as_abi())
    government = world.suite.government.address
    for message in (
        world.typed(*fields, chain_id=CHAIN_ID + 1),
        world.typed(*fields, contract=government),
        world.typed(*fields, chain_id=1, contract=STRANGER),
    ):
        assert relay_refused(world, sign_with("p1", message)).name == "ConsentSignature"
    assert not is_allowed(world)


def test_revocation_signed_for_another_chain_or_contract_is_none(world: World) -> None:
    grant_id = world.grant()
    consents = world.suite.consents
    fields = ("Revoke", REVOKE_FIELDS, (grant_id, 1))
    for message in (
        world.typed(*fields, chain_id=CHAIN_ID + 1),
        world.typed(*fields, contract=world.suite.custody.address),
    ):
        data = consents.revoke_signed(
            grant_id, grantee=D2, pmr_id=PMR_ID, nonce=1, signature=sign_with("p1", message)
        )
        # it recovers to some account without grants
        assert world.refused(STRANGER, consents.address, data).name == "GrantUnknown"
    assert is_allowed(world)


def test_signed_consent_does_not_serve_as_a_revocation(world: World) -> None:
    consent = world.consent()
    grant_id = world.grant(consent)
    data = world.suite.consents.revoke_signed(
        grant_id, grantee=D2, pmr_id=PMR_ID, nonce=1, signature=world.signed(consent)
    )
    reason = world.refused(STRANGER, world.suite.consents.address, data)
    assert reason.name == "GrantUnknown"
    assert is_allowed(world)


def test_consent_is_not_played_again_under_its_own_or_the_next_nonce(world: World) -> None:
    consent = world.consent()
    signature = world.signed(consent)
    world.grant(consent)
    data = world.suite.consents.grant(consent, signature)
    reason = world.refused(STRANGER, world.suite.consents.address, data)
    assert (reason.name, reason.args) == ("ConsentNonce", (1,))
    ahead = world.suite.consents.grant(replace(consent, nonce=1), signature)
    assert world.refused(STRANGER, world.suite.consents.address, ahead).name == "ConsentSignature"


def test_revoked_consent_stays_revoked(world: World) -> None:
    consent = world.consent()
    signature = world.signed(consent)
    revoke(world, world.grant(consent))
    data = world.suite.consents.grant(consent, signature)
    assert world.refused(STRANGER, world.suite.consents.address, data).name == "ConsentNonce"
    assert not is_allowed(world)


def test_revocation_of_one_grant_does_not_end_the_same_terms_anew(world: World) -> None:
    """The patient grants the same again: the old Revoke names another grant and nonce."""
    first = world.grant()
    old = world.signed_revoke(first, 1)
    data = world.suite.consents.revoke_signed(
        first, grantee=D2, pmr_id=PMR_ID, nonce=1, signature=old
    )
    world.send(STRANGER, world.suite.consents.address, data)
    world.grant()
    assert world.refused(STRANGER, world.suite.consents.address, data).name == "GrantUnknown"
    assert is_allowed(world)


def test_what_the_lost_key_signed_is_worth_nothing_after_the_recovery(world: World) -> None:
    signed_before = world.consent(valid_until_s=world.chain.time_s + 20 * 86_400)
    signature = world.signed(signed_before)
    recovered(world)
    data = world.suite.consents.grant(signed_before, signature)
    assert world.refused(STRANGER, world.suite.consents.address, data).name == "PatientUnknown"
    anew = world.suite.consents.grant(replace(signed_before, patient=account("p1 anew")), signature)
    assert world.refused(STRANGER, world.suite.consents.address, anew).name == "ConsentSignature"
    assert not is_allowed(world)


def test_left_account_does_not_come_back_for_its_old_signatures(world: World) -> None:
    recovered(world)
    again = world.suite.patients.register(
        account("p1"), key=b"\1" * 32, details=content("p1 once more")
    )
    assert refused(world, "h1", again).name == "AccountRetired"


def test_twin_of_a_signature_is_refused(world: World) -> None:
    consent = world.consent()
    other = twin(world.signed(consent))
    assert len(other) == SIGNATURE_BYTES
    assert relay_refused(world, other).name == "ConsentSignature"
    assert nonce_of(world) == 0


@pytest.mark.parametrize("v", [0, 1, 26, 29, 255])
def test_other_forms_of_v_are_refused_by_the_contract(world: World, v: int) -> None:
    consent = world.consent()
    data = bytearray(world.suite.consents.grant(consent, world.signed(consent)))
    data[-1] = v
    assert world.refused(STRANGER, world.suite.consents.address, bytes(data)).name == (
        "ConsentSignature"
    )


def test_signature_of_zeros_names_nobody(world: World) -> None:
    assert relay_refused(world, bytes(64) + b"\x1b").name == "ConsentSignature"
    # the zero address, which such signatures recover to, is no patient to sign for
    nobody = relay_refused(world, bytes(64) + b"\x1b", patient=type(STRANGER)(bytes(20)), nonce=0)
    assert nobody.name == "ConsentSignature"


def test_rotation_is_not_played_again(world: World) -> None:
    """Back to the old key and admitted anew: the first rotation names an older admission."""
    government = world.suite.government
    old, new = account("key 1"), account("key 2")
    admit(world, old)
    world.chain.wait(60)
    since = world.view(government.validator(old)).active_from
    by_old, by_new = RotateKey(old, new, since).proofs(
        key_of("key 1"), key_of("key 2"), chain_id=CHAIN_ID, government=government.address
    )
    data = government.rotate_key(old, new, by_old=by_old, by_new=by_new)
    world.send(STRANGER, government.address, data)
    assert world.refused(STRANGER, government.address, data).name == "ValidatorUnknown"


@pytest.mark.parametrize("place", ["chain", "contract"])
def test_rotation_signed_elsewhere_is_refused(world: World, place: str) -> None:
    government = world.suite.government
    old, new = account("key 1"), account("key 2")
    admit(world, old)
    world.chain.wait(60)
    since = world.view(government.validator(old)).active_from
    by_old, by_new = RotateKey(old, new, since).proofs(
        key_of("key 1"),
        key_of("key 2"),
        chain_id=CHAIN_ID + (place == "chain"),
        government=STRANGER if place == "contract" else government.address,
    )
    data = government.rotate_key(old, new, by_old=by_old, by_new=by_new)
    assert world.refused(STRANGER, government.address, data).name == "ProofOfPossession"
