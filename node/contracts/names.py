"""The contracts of a network, in the order in which they are built (records.md section 3)."""

from typing import Final

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
ALL_CONTRACT_NAMES: Final = CONTRACT_NAMES
"""All contracts that have an artifact, alternatives included."""
