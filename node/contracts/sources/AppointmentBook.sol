// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IDoctors, IPatients} from "./Interfaces.sol";

/// Slots of doctors, and the patients who booked them.
contract AppointmentBook {
    IDoctors private immutable DOCTORS;
    IPatients private immutable PATIENTS;

    constructor(IDoctors doctors, IPatients patients) {
        DOCTORS = doctors;
        PATIENTS = patients;
    }
}
