"""How a share of a wallet's master reaches a hospital, and how it comes back.

On the way there it is sealed to the hospital and signed by the patient, so that nobody else can
put another share in its place; on the way back it is sealed to the key that the registry has
recovered the patient to.  Who may have it back, and when, is the registry's to say.
"""

from typing import Final

from node.base.keccak import keccak256
from node.base.keys import SIGNATURE_BYTES, recover
from node.base.ports import Entropy, Signer
from node.base.types import Address, Hash32
from node.privacy.release_errors import CustodyError
from node.privacy.sealing import open_sealed, seal
from node.sss.recovery import read_recovery_share
from node.sss.shares import Container

_ENTRUST_LABEL: Final = b"wardnet/entrust/v1\x00"
_RECLAIM_LABEL: Final = b"wardnet/reclaim/v1\x00"


def seal_entrusted(
    share: Container, custodian_key: bytes, *, signer: Signer, entropy: Entropy
) -> bytes:
    """Sign and seal a container of kind 5 to a hospital.  raises SealingKeyError."""
    plain = share.encode()
    signature = signer.sign(_signed(signer.address, plain))
    return seal(custodian_key, _ENTRUST_LABEL + signer.address, plain + signature, entropy)


def open_entrusted(private_key: bytes, patient: Address, chain_id: int, sealed: bytes) -> Container:
    """Open what a patient entrusts.

    raises        SealedBoxError: another key, another patient, or changed bytes.
                  CustodyError: ``signer``, not signed by the patient.
                  ShareFormatError, MixedRecordsError: no share of this patient's master.
    """
    opened = open_sealed(private_key, _ENTRUST_LABEL + patient, sealed)
    plain, signature = opened[:-SIGNATURE_BYTES], opened[-SIGNATURE_BYTES:]
    if recover(_signed(patient, plain), signature) != patient:
        raise CustodyError("signer", "the signature is not the patient's")
    return read_recovery_share(plain, chain_id=chain_id, patient=patient)


def seal_reclaimed(share: Container, patient: Address, key: bytes, entropy: Entropy) -> bytes:
    """Seal a container to the key of a recovery; ``patient`` is the lost account.

    raises        SealingKeyError.
    """
    return seal(key, _RECLAIM_LABEL + patient, share.encode(), entropy)


def open_reclaimed(private_key: bytes, patient: Address, chain_id: int, sealed: bytes) -> Container:
    """Open what a hospital gives back.

    raises        SealedBoxError, ShareFormatError, MixedRecordsError.
    """
    plain = open_sealed(private_key, _RECLAIM_LABEL + patient, sealed)
    return read_recovery_share(plain, chain_id=chain_id, patient=patient)


def _signed(patient: Address, plain: bytes) -> Hash32:
    return keccak256(_ENTRUST_LABEL + patient + plain)
