from node.app.final_events import granted
from node.base.types import Address, Hash32
from node.contracts.consent_registry import Granted

ONE, TWO = Address(b"\x01" * 20), Address(b"\x02" * 20)


def test_a_grant_keeps_what_a_release_looks_at() -> None:
    scope = (1 << 4).to_bytes(32)
    event = Granted(Hash32(bytes(32)), ONE, TWO, 7, b"", scope, b"k" * 32, 10, 20, 0)
    facts = granted(event, 5)
    assert (facts.patient, facts.grantee, facts.grantee_key) == (ONE, TWO, b"k" * 32)
    assert (facts.pmr_id, facts.scope, facts.is_revoked) == (7, 1 << 4, False)
    assert (facts.valid_from_s, facts.valid_until_s, facts.granted_s) == (10, 20, 5)
