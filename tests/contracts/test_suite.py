import re
from dataclasses import fields

import pytest

from node.base.types import ZERO_ADDRESS
from node.contracts import (
    appointment_book,
    consent_registry,
    custody_ledger,
    doctor_registry,
    government_registry,
    hospital_registry,
    insurance_registry,
    iomt_registry,
    lab_registry,
    patient_registry,
    pmr_multi_token,
    pmr_token,
    research_pool,
)
from node.contracts.abi import Function
from node.contracts.compile import load_artifact
from node.contracts.deploy import predict_addresses
from node.contracts.errors import AbiDataError, DeploymentError
from node.contracts.names import ALL_CONTRACT_NAMES, ERC721, ERC1155, TOKENS, contract_names
from node.contracts.patient_registry import PatientKeyChanged
from node.contracts.suite import EVENTS, ContractSuite
from tests.contracts.abi_items import type_of, types_of

MODULES = {
    "GovernmentRegistry": government_registry,
    "HospitalRegistry": hospital_registry,
    "DoctorRegistry": doctor_registry,
    "PatientRegistry": patient_registry,
    "PmrToken": pmr_token,
    "PmrMultiToken": pmr_multi_token,
    "LabRegistry": lab_registry,
    "ConsentRegistry": consent_registry,
    "CustodyLedger": custody_ledger,
    "IomtRegistry": iomt_registry,
    "InsuranceRegistry": insurance_registry,
    "ResearchPool": research_pool,
    "AppointmentBook": appointment_book,
}
BETWEEN_CONTRACTS = {
    "HospitalRegistry": {"verify", "suspend", "revoke", "requireVerified"},
    "DoctorRegistry": {"suspend", "requireWriter"},
    "PmrToken": {"fileEntry"},
    "PmrMultiToken": {"fileEntry"},
    "ConsentRegistry": {"isAllowedFor", "moveWallet"},
}
"""What contracts ask of each other and nobody else may, or needs to."""
OF_STANDARDS = {
    "PmrToken": {
        "approve",
        "getApproved",
        "isApprovedForAll",
        "name",
        "safeTransferFrom",
        "setApprovalForAll",
        "symbol",
        "tokenURI",
        "transferFrom",
    },
    "PmrMultiToken": {
        "isApprovedForAll",
        "safeBatchTransferFrom",
        "safeTransferFrom",
        "setApprovalForAll",
    },
    "ConsentRegistry": {"eip712Domain"},
    "GovernmentRegistry": {"eip712Domain"},
}
EVENTS_OF_STANDARDS = {
    "PmrToken": {"Approval", "ApprovalForAll", "Unlocked"},
    "PmrMultiToken": {"ApprovalForAll", "Unlocked", "URI"},
    "ConsentRegistry": {"EIP712DomainChanged"},
    "GovernmentRegistry": {"EIP712DomainChanged"},
}

RENAMED = {
    "Transfer": {"from": "sender"},
    "TransferSingle": {"from": "sender"},
    "TransferBatch": {"from": "sender"},
    "CustodianReplaced": {"from": "old", "to": "new"},
}
"""Fields that no field of Python can be called, with what goes with them."""


def _abi(name: str, kind: str) -> list[dict]:
    return [item for item in load_artifact(name).abi if item["type"] == kind]


def _bound(name: str) -> dict[str, Function]:
    return {each.signature: each for each in MODULES[name].FUNCTIONS}


@pytest.mark.parametrize("name", ALL_CONTRACT_NAMES)
def test_every_function_is_bound_as_it_is_compiled(name: str) -> None:
    bound = _bound(name)
    apart = BETWEEN_CONTRACTS.get(name, set()) | OF_STANDARDS.get(name, set())
    compiled = {
        f"{item['name']}({','.join(types_of(item['inputs']))})": types_of(item["outputs"])
        for item in _abi(name, "function")
        if item["name"] not in apart
    }
    # a function that gives one struct is bound by its fields or by the struct
    assert {key: value.outputs for key, value in bound.items()} == compiled


@pytest.mark.parametrize("name", ALL_CONTRACT_NAMES)
def test_functions_left_unbound_exist(name: str) -> None:
    compiled = {item["name"] for item in _abi(name, "function")}
    assert BETWEEN_CONTRACTS.get(name, set()) | OF_STANDARDS.get(name, set()) <= compiled


@pytest.mark.parametrize("name", ALL_CONTRACT_NAMES)
def test_constructor_is_bound_as_it_is_compiled(name: str) -> None:
    [item] = _abi(name, "constructor")
    assert types_of(item["inputs"]) == MODULES[name].CONSTRUCTOR


@pytest.mark.parametrize("name", ALL_CONTRACT_NAMES)
def test_every_event_is_bound_as_it_is_compiled(name: str) -> None:
    compiled = {
        item["name"]: tuple(
            (each["name"], type_of(each), each["indexed"]) for each in item["inputs"]
        )
        for item in _abi(name, "event")
        if item["name"] not in EVENTS_OF_STANDARDS.get(name, set())
    }
    assert {event.SPEC.name: event.SPEC.fields for event in EVENTS[name]} == compiled


@pytest.mark.parametrize("name", ALL_CONTRACT_NAMES)
def test_fields_of_an_event_stand_in_the_order_of_the_contract(name: str) -> None:
    for event in EVENTS[name]:
        renamed = RENAMED.get(event.SPEC.name, {})
        snake = [
            renamed.get(field, re.sub(r"([A-Z])", r"_\1", field).lower())
            for field, _, _ in event.SPEC.fields
        ]
        assert [field.name for field in fields(event)] == snake


def test_selectors_of_one_contract_differ() -> None:
    for name in ALL_CONTRACT_NAMES:
        selectors = {each.selector for each in MODULES[name].FUNCTIONS}
        assert len(selectors) == len(MODULES[name].FUNCTIONS)


@pytest.mark.parametrize("token", TOKENS)
def test_suite_binds_every_address(token: str) -> None:
    addresses = predict_addresses(token=token)
    suite = ContractSuite.at(addresses)
    assert {name: suite.name_of(address) for name, address in addresses.items()} == {
        name: name for name in contract_names(token)
    }


def test_either_token_stands_at_the_same_address() -> None:
    one, other = predict_addresses(token=ERC721), predict_addresses(token=ERC1155)
    assert one["PmrToken"] == other["PmrMultiToken"]
    assert tuple(one.values()) == tuple(other.values())


def test_token_that_is_not_is_named() -> None:
    with pytest.raises(DeploymentError, match="no token 'erc20', wants one of erc721, erc1155"):
        predict_addresses(token="erc20")


def test_foreign_address_has_no_name() -> None:
    assert ContractSuite.at(predict_addresses()).name_of(ZERO_ADDRESS) is None


def test_missing_contract_is_named() -> None:
    addresses = predict_addresses()
    del addresses["PmrToken"]
    with pytest.raises(DeploymentError, match="PmrToken"):
        ContractSuite.at(addresses)


def test_same_event_of_two_contracts_is_told_apart_by_address() -> None:
    suite = ContractSuite.at(predict_addresses())
    topics = [PatientKeyChanged.SPEC.topic, bytes(32)]
    decoded = suite.decode_log(suite.patients.address, topics, bytes(32))
    assert isinstance(decoded, PatientKeyChanged)
    other = suite.decode_log(suite.doctors.address, topics, bytes(32))
    assert isinstance(other, doctor_registry.DoctorKeyChanged)


def test_log_of_a_foreign_contract_is_nothing() -> None:
    suite = ContractSuite.at(predict_addresses())
    topics = [PatientKeyChanged.SPEC.topic, bytes(32)]
    assert suite.decode_log(ZERO_ADDRESS, topics, bytes(32)) is None


def test_log_of_an_unbound_event_is_nothing() -> None:
    suite = ContractSuite.at(predict_addresses())
    assert suite.decode_log(suite.pmr.address, [b"\x01" * 32], b"") is None


def test_log_without_topics_is_nothing() -> None:
    suite = ContractSuite.at(predict_addresses())
    assert suite.decode_log(suite.pmr.address, [], b"") is None


def test_bound_event_of_another_shape_is_refused() -> None:
    suite = ContractSuite.at(predict_addresses())
    with pytest.raises(AbiDataError):
        suite.decode_log(suite.patients.address, [PatientKeyChanged.SPEC.topic], bytes(32))
