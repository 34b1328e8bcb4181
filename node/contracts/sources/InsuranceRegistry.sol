// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IConsents, IPatients, IPmr} from "./Interfaces.sol";
import {Parties} from "./Parties.sol";

/// Insurers, their policies, and claims that refer to entries of a record under a grant.
contract InsuranceRegistry is Parties {
    IPatients private immutable PATIENTS;
    IPmr private immutable PMR;
    IConsents private immutable CONSENTS;

    constructor(address government, IPatients patients, IPmr pmr, IConsents consents)
        Parties(government)
    {
        PATIENTS = patients;
        PMR = pmr;
        CONSENTS = consents;
    }
}
