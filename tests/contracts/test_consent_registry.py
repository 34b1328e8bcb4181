import json
from dataclasses import replace

import pytest
from eth_account.messages import _hash_eip191_message

from node.base.keccak import keccak256
from node.base.keys import SECP256K1_N
from node.base.types import ZERO_ADDRESS, Hash32
from node.contracts.consent_registry import (
    FUNCTIONS,
    Consent,
    Granted,
)
from node.contracts.errors import CallArgumentError
from node.contracts.reverts import RevertReason
from tests.contracts.consents import D1, D2, P1, P2, is_allowed, nonce_of, revoke
from tests.contracts.stock_chain import CHAIN_ID
from tests.contracts.world import (
    CONSENT_FIELDS,
    DIAGNOSIS,
    PMR_ID,
    STRANGER,
    TREAT,
    World,
    account,
    sign_with,
    x25519,
)
from tests.vectors_dir import vectors

# granting


def test_grant_id_is_the_eip712_digest(world: World) -> None:
    consent = world.consent()
    message = world.typed("Consent", CONSENT_FIELDS, consent.as_abi())
    digest = _hash_eip191_message(message)
    assert world.view(world.suite.consents.grant_id_of(consent)) == digest
    assert world.grant(consent) == digest


def test_grant_tells_the_whole_consent(world: World) -> None:
    consent = world.consent()
    data = world.suite.consents.grant(consent, world.signed(consent))
    outcome = world.send(STRANGER, world.suite.consents.address, data)
    assert world.events(outcome) == [
        Granted(
            Hash32(outcome.output),
            P1,
            D2,
            PMR_ID,
            TREAT,
            DIAGNOSIS,
            x25519("d2"),
            consent.valid_from_s,
            consent.valid_until_s,
            0,
        )
    ]


@pytest.mark.parametrize("relay", ["stranger", "d2", "p1", "h1"])
def test_anybody_relays(world: World, relay: str) -> None:
    consent = world.consent()
    data = world.suite.consents.grant(consent, world.signed(consent))
    world.send(relay, world.suite.consents.address, data)
    assert is_allowed(world)


def test_signature_with_v_zero_or_one_is_taken_by_the_binding(world: World) -> None:
    consent = world.consent()
    signature = world.signed(consent)
    raw = signature[:64] + bytes([signature[64] - 27])
    world.send(STRANGER, world.suite.consents.address, world.suite.consents.grant(consent, raw))
    assert is_allowed(world)


def test_hospital_can_be_a_grantee(world: World) -> None:
    world.grant(world.consent(grantee=account("h2")))
    assert is_allowed(world, grantee=account("h2"))


def test_nonce_counts_grants_of_each_patient(world: World) -> None:
    world.grant()
    world.grant(world.consent(pmr_id=0))
    assert (nonce_of(world, P1), nonce_of(world, P2)) == (2, 0)


# the signature


def _refused_with(world: World, consent: Consent, signature: bytes) -> str:
    data = world.suite.consents.grant(consent, signature)
    return world.refused(STRANGER, world.suite.consents.address, data).name


def test_signature_of_another_key_is_refused(world: World) -> None:
    consent = world.consent()
    assert _refused_with(world, consent, world.signed(consent, "p2")) == "ConsentSignature"


@pytest.mark.parametrize(
    "change",
    [
        {"pmr_id": 0},
        {"grantee": D1},
        {"purpose": b"HRESCH".ljust(32, b"\0")},
        {"scope": (0x7F).to_bytes(32)},
        {"grantee_key": x25519("d1")},
        {"valid_from_s": 1},
        {"valid_until_s": 1_611_700_000},
        {"nonce": 1},
        {"patient": P2},
    ],
)
def test_signature_covers_every_field(world: World, change: dict[str, object]) -> None:
    consent = world.consent()
    changed = replace(consent, **change)  # type: ignore[arg-type]
    assert _refused_with(world, changed, world.signed(consent)) == "ConsentSignature"


def test_high_s_is_refused(world: World) -> None:
    consent = world.consent()
    good = world.signed(consent)
    s = SECP256K1_N - int.from_bytes(good[32:64])
    flipped = good[:32] + s.to_bytes(32) + bytes([27 + 28 - good[64]])
    assert _refused_with(world, consent, flipped) == "ConsentSignature"


@pytest.mark.parametrize("v", [2, 26, 29, 255])
def test_other_v_is_refused(world: World, v: int) -> None:
    consent = world.consent()
    signature = world.signed(consent)[:64] + bytes([v])
    assert _refused_with(world, consent, signature) == "ConsentSignature"


def test_signature_for_another_chain_is_refused(world: World) -> None:
    consent = world.consent()
    message = world.typed("Consent", CONSENT_FIELDS, consent.as_abi(), chain_id=CHAIN_ID + 1)
    assert _refused_with(world, consent, sign_with("p1", message)) == "ConsentSignature"


def test_signature_for_another_contract_is_refused(world: World) -> None:
    consent = world.consent()
    message = world.typed(
        "Consent", CONSENT_FIELDS, consent.as_abi(), contract=world.suite.pmr.address
    )
    assert _refused_with(world, consent, sign_with("p1", message)) == "ConsentSignature"


def test_zero_patient_is_refused(world: World) -> None:
    consent = world.consent(patient=ZERO_ADDRESS, nonce=0)
    assert _refused_with(world, consent, bytes(65)) == "ConsentSignature"


@pytest.mark.parametrize("length", [0, 64, 66])
def test_binding_refuses_a_signature_of_another_length(world: World, length: int) -> None:
    with pytest.raises(CallArgumentError, match="65 bytes"):
        world.suite.consents.grant(world.consent(), bytes(length))


# the nonce


def test_second_use_of_a_consent_is_refused_with_the_next_nonce(world: World) -> None:
    consent = world.consent()
    world.grant(consent)
    assert world.grant_refused(consent) == RevertReason("ConsentNonce", (1,))


@pytest.mark.parametrize("nonce", [1, 2**64, 2**256 - 1])
def test_nonce_ahead_is_refused_with_the_expected_one(world: World, nonce: int) -> None:
    assert world.grant_refused(world.consent(nonce=nonce)) == RevertReason("ConsentNonce", (0,))


def test_revoked_consent_cannot_be_relayed_again(world: World) -> None:
    consent = world.consent()
    revoke(world, world.grant(consent))
    assert world.grant_refused(consent) == RevertReason("ConsentNonce", (1,))
    assert not is_allowed(world)


# several at once


def _many(world: World, count: int) -> list[tuple[Consent, bytes]]:
    hospitals = [account("d2"), account("d1"), account("h1"), account("h2")]
    consents = [
        world.consent(grantee=hospitals[place % 4], pmr_id=0, nonce=place) for place in range(count)
    ]
    return [(consent, world.signed(consent)) for consent in consents]


def test_sixteen_consents_go_in_one_transaction(world: World) -> None:
    data = world.suite.consents.grant_many(_many(world, 16))
    outcome = world.send(STRANGER, world.suite.consents.address, data)
    assert len([each for each in world.events(outcome) if isinstance(each, Granted)]) == 16
    assert nonce_of(world) == 16


def test_one_bad_consent_refuses_all(world: World) -> None:
    pairs = _many(world, 3)
    pairs[1] = (pairs[1][0], pairs[0][1])
    data = world.suite.consents.grant_many(pairs)
    assert world.refused(STRANGER, world.suite.consents.address, data).name == "ConsentSignature"
    assert nonce_of(world) == 0


@pytest.mark.parametrize("count", [0, 17])
def test_binding_refuses_none_and_seventeen(world: World, count: int) -> None:
    pair = (world.consent(), bytes(65))
    with pytest.raises(CallArgumentError, match="1 to 16"):
        world.suite.consents.grant_many([pair] * count)


@pytest.mark.parametrize(("consents", "signatures"), [(0, 0), (17, 17), (1, 2), (2, 1)])
def test_contract_refuses_other_counts(world: World, consents: int, signatures: int) -> None:
    [grant_many] = [each for each in FUNCTIONS if each.name == "grantMany"]
    data = grant_many.encode(
        [world.consent().as_abi()] * consents, [(bytes(32), bytes(32), 27)] * signatures
    )
    assert world.refused(STRANGER, world.suite.consents.address, data).name == "ConsentCount"


# the judge's vectors


@pytest.mark.conformance
def test_struct_hash_and_domain_agree_with_the_vectors(world: World) -> None:
    """Our digest is keccak(19 01, our domain, struct hash); the vector gives the struct hash."""
    [case] = json.loads((vectors("secret-sharing") / "consent.json").read_text())
    message, _, _ = case["messages"]
    fields = message["message"]
    consent = Consent(
        int(fields["pmrId"], 16),
        *(bytes.fromhex(fields[name]) for name in ("patient", "grantee")),  # type: ignore[arg-type]
        *(bytes.fromhex(fields[name]) for name in ("purpose", "scope", "granteeKey")),  # type: ignore[arg-type]
        *(int(fields[name], 16) for name in ("validFrom", "validUntil", "nonce")),  # type: ignore[arg-type]
    )
    domain = world.typed("Consent", CONSENT_FIELDS, consent.as_abi()).header
    digest = keccak256(b"\x19\x01" + domain + bytes.fromhex(message["struct_hash"]))
    assert world.view(world.suite.consents.grant_id_of(consent)) == digest
