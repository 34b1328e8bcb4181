"""Facts that single events of final blocks tell."""

from node.contracts.consent_registry import Granted
from node.privacy.release_facts import GrantFacts


def granted(event: Granted, at_s: int) -> GrantFacts:
    """Give a grant as a release looks at it; ``at_s`` is the time of its block."""
    return GrantFacts(
        patient=event.patient,
        grantee=event.grantee,
        grantee_key=event.grantee_key,
        pmr_id=event.pmr_id,
        scope=int.from_bytes(event.scope),
        valid_from_s=event.valid_from,
        valid_until_s=event.valid_until,
        granted_s=at_s,
        is_revoked=False,
    )
