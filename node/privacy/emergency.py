"""What a patient leaves for emergencies, and how long an emergency opens it.

A patient who opts in lends each deal once more, under an id that follows from chain and Patient-ID
alone: so custodians know whose it is without a grant, and it stays the same after a recovery.
Such a deposit has no end.  At the end of another grant the custodian moves it on with its own
share, as all that is lent; a renewal and a repair do the same.  It goes with the deal: when the
record is shared anew (the `hard` way to revoke, due after an emergency) or erased.

A doctor asks in the name of an emergency: its id stands where a grant's would, in request, receipt
and ledger, so whoever audits finds the ``EmergencyAccess`` behind a release by looking it up.  Such
releases are for emergency treatment (purpose ETREAT); the status codes are those of any release.

Source: secret-sharing.md section 9, "Emergency".
"""

from typing import Final

from node.base.keccak import keccak256
from node.base.limits_records import EMERGENCY_SECONDS_MAX
from node.base.types import Hash32
from node.privacy.release_facts import EmergencyFacts

_LABEL: Final = b"wardnet/emergency-grant/v1\x00"


def emergency_grant_id(chain_id: int, patient_id: int) -> Hash32:
    """Give the id of a patient's deposits for emergencies.

    Nobody signs a Consent with this digest: it is the hash of other bytes.
    """
    return keccak256(_LABEL + chain_id.to_bytes(8) + patient_id.to_bytes(32))


def end_of(emergency: EmergencyFacts) -> int:
    """Give the second of block time from which an emergency opens nothing.

    A custodian counts the 24 hours itself: whatever a contract says, it is open no longer.
    """
    return min(emergency.until_s, emergency.at_s + EMERGENCY_SECONDS_MAX)
