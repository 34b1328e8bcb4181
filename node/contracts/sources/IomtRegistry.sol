// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IDoctors, IPatients, IPmr} from "./Interfaces.sol";

/// Devices that sign readings for one patient, and the batches of readings that they file.
contract IomtRegistry {
    IDoctors private immutable DOCTORS;
    IPatients private immutable PATIENTS;
    IPmr private immutable PMR;
    mapping(address device => uint64 patientId) public patientOf;

    constructor(IDoctors doctors, IPatients patients, IPmr pmr) {
        DOCTORS = doctors;
        PATIENTS = patients;
        PMR = pmr;
    }
}
