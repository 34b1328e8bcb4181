// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {
    DuplicateRegistration,
    FieldMissing,
    NotGovernment,
    PartyListed,
    PartyUnknown
} from "./Errors.sol";
import {IParties} from "./Interfaces.sol";
import {Checks} from "./Types.sol";

/// Institutions that the authority lists and strikes off, and that then describe themselves.
abstract contract Parties is IParties {
    event PartyAdmitted(address indexed account);
    event PartyStruck(address indexed account);
    event PartyDescribed(
        address indexed account,
        bytes32 indexed registration,
        address indexed operator,
        string name,
        string contact,
        bytes32 key
    );

    address private immutable GOVERNMENT;
    mapping(address account => bool) public isActive;
    mapping(bytes32 registration => address) public accountByRegistration;
    mapping(address account => bytes32) public registrationOf;
    mapping(address account => address hospital) public operatorOf; // whose node it reads through

    modifier onlyGovernment() {
        require(msg.sender == GOVERNMENT, NotGovernment());
        _;
    }

    constructor(address government) {
        GOVERNMENT = government;
    }

    function list(address account) external onlyGovernment {
        require(!isActive[account], PartyListed());
        isActive[account] = true;
        emit PartyAdmitted(account);
    }

    function strike(address account) external onlyGovernment {
        require(isActive[account], PartyUnknown());
        isActive[account] = false;
        emit PartyStruck(account);
    }

    /// A listed party says who it is, through which hospital's node it reads and under which
    /// X25519 key; once more changes all but the registration.
    function describe(
        bytes32 registration,
        address operator,
        string calldata name,
        string calldata contact,
        bytes32 key
    ) external {
        require(isActive[msg.sender], PartyUnknown());
        Checks.registration(registration);
        require(bytes(name).length != 0 && key != 0 && operator != address(0), FieldMissing());
        address holder = accountByRegistration[registration];
        require(
            holder == msg.sender || (holder == address(0) && registrationOf[msg.sender] == 0),
            DuplicateRegistration(0)
        );
        if (holder == address(0)) {
            accountByRegistration[registration] = msg.sender;
            registrationOf[msg.sender] = registration;
        }
        operatorOf[msg.sender] = operator;
        emit PartyDescribed(msg.sender, registration, operator, name, contact, key);
    }
}
