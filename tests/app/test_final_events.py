from node.app.final_events import granted, visits_of
from node.base.types import ZERO_ADDRESS, Address, Hash32
from node.contracts.consent_registry import Granted
from node.contracts.pmr_multi_token import TransferBatch, TransferSingle
from node.contracts.pmr_token import Transfer

ONE, TWO = Address(b"\x01" * 20), Address(b"\x02" * 20)
VISIT, ENTRY_KIND = 8_543_726_012_021, (1 << 248) | 8_543_726_012_021


def test_a_grant_keeps_what_a_release_looks_at() -> None:
    scope = (1 << 4).to_bytes(32)
    event = Granted(Hash32(bytes(32)), ONE, TWO, 7, b"", scope, b"k" * 32, 10, 20, 0)
    facts = granted(event, 5)
    assert (facts.patient, facts.grantee, facts.grantee_key) == (ONE, TWO, b"k" * 32)
    assert (facts.pmr_id, facts.scope, facts.is_revoked) == (7, 1 << 4, False)
    assert (facts.valid_from_s, facts.valid_until_s, facts.granted_s) == (10, 20, 5)


def test_only_tokens_of_visits_are_records() -> None:
    assert visits_of(Transfer(ZERO_ADDRESS, ONE, VISIT)) == (VISIT,)
    assert visits_of(TransferSingle(TWO, ZERO_ADDRESS, ONE, VISIT, 1)) == (VISIT,)
    assert visits_of(TransferSingle(TWO, ZERO_ADDRESS, ONE, ENTRY_KIND, 1)) == ()
    assert visits_of(TransferBatch(TWO, ONE, TWO, (VISIT, ENTRY_KIND), (1, 3))) == (VISIT,)
