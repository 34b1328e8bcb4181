// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IPatients} from "./Interfaces.sol";
import {Parties} from "./Parties.sol";

/// Researchers, their funded studies, who joined, and what each is paid.
contract ResearchPool is Parties {
    IPatients private immutable PATIENTS;

    constructor(address government, IPatients patients) Parties(government) {
        PATIENTS = patients;
    }
}
