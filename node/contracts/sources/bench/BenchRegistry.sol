// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

/// The other half of the workload of `wardnet bench ledger`: a record of three strings per id.
/// It is no contract of the hospital network.
contract BenchRegistry is Ownable {
    struct Doctor {
        string name;
        string specialty;
        string licence;
    }

    event Registered(uint256 indexed id, string name, string specialty, string licence);

    error AlreadyRegistered(uint256 id);

    mapping(uint256 => Doctor) private _doctors;

    constructor() Ownable(msg.sender) {}

    function register(
        uint256 id,
        string calldata name,
        string calldata specialty,
        string calldata licence
    ) external onlyOwner {
        if (bytes(_doctors[id].name).length != 0) revert AlreadyRegistered(id);
        _doctors[id] = Doctor(name, specialty, licence);
        emit Registered(id, name, specialty, licence);
    }

    function doctor(uint256 id)
        external
        view
        returns (string memory name, string memory specialty, string memory licence)
    {
        Doctor storage found = _doctors[id];
        return (found.name, found.specialty, found.licence);
    }
}
