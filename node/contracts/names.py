"""The contracts of a network, in the order in which they are built (records.md section 3)."""

from typing import Final

from node.contracts.errors import DeploymentError

CONTRACT_NAMES: Final = (
    "GovernmentRegistry",
    "HospitalRegistry",
    "DoctorRegistry",
    "PatientRegistry",
    "PmrToken",
    "LabRegistry",
    "ConsentRegistry",
    "CustodyLedger",
    "IomtRegistry",
    "InsuranceRegistry",
    "ResearchPool",
    "AppointmentBook",
)
"""A CREATE address depends on the place in this list: new contracts stand at its end."""
ERC721: Final = "erc721"
ERC1155: Final = "erc1155"
TOKENS: Final = {ERC721: "PmrToken", ERC1155: "PmrMultiToken"}
"""The contract of the records by the standard that it keeps (scenario key ``chain.token``)."""
ALL_CONTRACT_NAMES: Final = (*CONTRACT_NAMES, "PmrMultiToken")
"""All contracts that have an artifact, alternatives included."""


def contract_names(token: str = ERC721) -> tuple[str, ...]:
    """Give the contracts of a network whose records are tokens of this standard, in order.

    raises        DeploymentError: there is no such standard.
    """
    if token not in TOKENS:
        raise DeploymentError(f"no token {token!r}, wants one of {', '.join(TOKENS)}")
    return tuple(TOKENS[token] if name == "PmrToken" else name for name in CONTRACT_NAMES)
