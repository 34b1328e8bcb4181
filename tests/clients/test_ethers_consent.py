"""ethers signs what a wallet shows, and the ConsentRegistry takes it from whoever relays it."""

import json

import pytest

from node.contracts.consent_registry import Consent as OnLedger
from node.privacy.consent import ALL_SECTIONS, Consent, Domain, Purpose, grant_id_of
from node.privacy.consent_file import read_signed, typed_data
from node.privacy.person_codes import checksum
from node.workflows.access import on_ledger
from tests.clients.node_packages import run_client
from tests.contracts.stock_chain import CHAIN_ID
from tests.contracts.world import (
    DAY,
    PMR_ID,
    STRANGER,
    World,
    account,
    peopled,
    secret_of,
    x25519,
)

pytestmark = [pytest.mark.clients]


@pytest.fixture
def world() -> World:
    return peopled()


def _consent(world: World, **changes: object) -> Consent:
    now = world.chain.time_s
    fields = {
        "pmr_id": PMR_ID,
        "patient": account("p1"),
        "grantee": account("d2"),
        "purpose": Purpose.TREATMENT,
        "scope": ALL_SECTIONS | 1 << 255,
        "grantee_key": x25519("d2"),
        "valid_from_s": now,
        "valid_until_s": now + DAY,
        "nonce": 0,
    }
    return Consent(**(fields | changes))


def _signed_by_ethers(consent: Consent, domain: Domain) -> dict[str, str]:
    ask = {"key": f"0x{secret_of('p1').hex()}", "typedData": typed_data(consent, domain)}
    return run_client("ethers_consent.mjs", json.dumps(ask))


def test_ethers_signs_what_the_contract_takes_and_takes_once(world: World) -> None:
    consents = world.suite.consents
    domain = Domain(CHAIN_ID, consents.address)
    consent = _consent(world)
    got = _signed_by_ethers(consent, domain)
    assert got["address"] == got["signer"] == checksum(account("p1"))
    assert got["digest"] == f"0x{grant_id_of(consent, domain).hex()}"
    file = {"typedData": typed_data(consent, domain), "signature": got["signature"]}
    signed, told = read_signed(json.dumps(file))
    assert (signed.consent, told) == (consent, domain)
    ledger: OnLedger = on_ledger(consent)
    data = consents.grant(ledger, signed.signature)
    world.send("h1", consents.address, data)  # a hospital relays it
    assert world.view(consents.is_standing(ledger))
    assert world.refused(STRANGER, consents.address, data).name == "ConsentNonce"


def test_what_ethers_signs_for_another_chain_or_contract_is_refused(world: World) -> None:
    consents = world.suite.consents
    for domain in (Domain(CHAIN_ID + 1, consents.address), Domain(CHAIN_ID, account("other"))):
        consent = _consent(world)
        signature = bytes.fromhex(_signed_by_ethers(consent, domain)["signature"][2:])
        data = consents.grant(on_ledger(consent), signature)
        assert world.refused("h1", consents.address, data).name == "ConsentSignature"
