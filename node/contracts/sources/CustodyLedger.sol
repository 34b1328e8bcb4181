// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {
    BatchSize,
    CustodianActive,
    CustodianDiffers,
    EntryUnknown,
    EpochNotNext,
    FieldMissing,
    GenerationNotNext,
    NotCustodian,
    NotParticipant,
    NotPatient,
    RecordErased,
    SequenceNotNext
} from "./Errors.sol";
import {IDoctors, IGovernment, IHospitals, IPatients, IPmr} from "./Interfaces.sol";
import {Checks} from "./Types.sol";

/// What custodians say about the shares they hold, and who holds them now.  Digests and numbers
/// only: receipts and certificates stay with those who made them, this is what binds them.
///
/// A note of a custodian is a claim of its sender and of nobody else, so all that is kept is kept
/// per sender, or per record that the sender owns: no note can stand in the way of another's.
contract CustodyLedger {
    struct ReceiptNote {
        bytes32 grantId; // 0 = the owner's own release
        bytes32 dealId;
        bytes32 receiptId;
        uint8 status; // 0 = released, else why not
    }

    struct EpochNote {
        bytes32 dealId;
        uint8 index;
        uint32 epoch;
        bytes32 digest; // of the share of that epoch
    }

    struct ErasureNote {
        bytes32 dealId;
        uint8 index;
        bytes32 certificate;
    }

    /// `original` is whom the first replacement says the manifest names: who reads the manifest
    /// sees a seat that was filled under a wrong name.
    struct Seat {
        address holder;
        address original;
    }

    struct Rotation {
        uint32 generation;
        uint8 codec;
        bytes32 digest;
    }

    event ShareReleased(
        bytes32 indexed grantId,
        bytes32 indexed dealId,
        address indexed custodian,
        uint64 sequence,
        bytes32 receiptId
    );
    event ShareRefused(
        bytes32 indexed grantId,
        bytes32 indexed dealId,
        address indexed custodian,
        uint64 sequence,
        bytes32 receiptId,
        uint8 status
    );
    event EpochRefreshed(
        bytes32 indexed dealId,
        address indexed custodian,
        uint8 index,
        uint32 epoch,
        bytes32 digest
    );
    event ShareErased(
        bytes32 indexed dealId,
        address indexed custodian,
        uint8 index,
        bytes32 certificate
    );
    event CustodianReplaced(
        bytes32 indexed dealId,
        uint256 indexed pmrId,
        uint8 index,
        address from,
        address to
    );
    event GenerationRotated(
        uint256 indexed pmrId,
        uint256 indexed entryIndex,
        uint32 generation,
        uint8 codec,
        bytes32 digest
    );
    event ShareComplaint(
        bytes32 indexed dealId,
        address indexed custodian,
        address indexed complainant,
        uint8 index,
        bytes32 receiptId,
        bytes32 evidence
    );

    uint256 private constant NOTES_MAX = 64; // in one transaction

    IHospitals private immutable HOSPITALS;
    IDoctors private immutable DOCTORS;
    IPatients private immutable PATIENTS;
    IPmr private immutable PMR;
    IGovernment private immutable GOVERNMENT;
    mapping(address custodian => uint64) public nextSequence;
    mapping(bytes32 dealId => mapping(address custodian => uint32 epoch)) public epochOf;
    mapping(uint256 pmrId => mapping(uint256 entryIndex => Rotation)) public rotationOf;
    mapping(uint256 pmrId => mapping(bytes32 dealId => mapping(uint8 index => Seat))) public
        custodianOf;

    constructor(
        IHospitals hospitals,
        IDoctors doctors,
        IPatients patients,
        IPmr pmr,
        IGovernment government
    ) {
        HOSPITALS = hospitals;
        DOCTORS = doctors;
        PATIENTS = patients;
        PMR = pmr;
        GOVERNMENT = government;
    }

    /// Records the next receipts of the sender's chain of receipts, without a gap.
    /// What a request named may be anything, so nothing of a note is checked: one odd request
    /// must not keep the receipts behind it off the ledger.
    function recordReceipts(uint64 firstSequence, ReceiptNote[] calldata notes) external {
        _requireNotes(notes.length);
        uint64 sequence = nextSequence[msg.sender];
        require(firstSequence == sequence, SequenceNotNext(sequence));
        nextSequence[msg.sender] = sequence + uint64(notes.length);
        for (uint256 i = 0; i < notes.length; ++i) {
            ReceiptNote calldata n = notes[i];
            if (n.status == 0) {
                emit ShareReleased(n.grantId, n.dealId, msg.sender, sequence, n.receiptId);
            } else {
                emit ShareRefused(
                    n.grantId, n.dealId, msg.sender, sequence, n.receiptId, n.status
                );
            }
            ++sequence;
        }
    }

    /// Records that the sender's shares have stepped; a custodian that was away may skip epochs,
    /// and none goes back.
    function recordEpochs(EpochNote[] calldata notes) external {
        _requireNotes(notes.length);
        for (uint256 i = 0; i < notes.length; ++i) {
            EpochNote calldata n = notes[i];
            require(n.index != 0 && n.digest != 0, FieldMissing());
            uint32 current = epochOf[n.dealId][msg.sender];
            require(n.epoch > current, EpochNotNext(current));
            epochOf[n.dealId][msg.sender] = n.epoch;
            emit EpochRefreshed(n.dealId, msg.sender, n.index, n.epoch, n.digest);
        }
    }

    /// Records the sender's signed certificates that shares are destroyed.
    function recordErasures(ErasureNote[] calldata notes) external {
        _requireNotes(notes.length);
        for (uint256 i = 0; i < notes.length; ++i) {
            ErasureNote calldata n = notes[i];
            require(n.index != 0 && n.certificate != 0, FieldMissing());
            emit ShareErased(n.dealId, msg.sender, n.index, n.certificate);
        }
    }

    /// Names who holds a share from now on; `to` = `from` asks for a repair in place.
    ///
    /// The record's patient may always; a member of the authority only when `from` can serve no
    /// longer.  The contract knows no manifest, so a member's word for who `from` is binds nobody:
    /// helpers compare `original` with the manifest before they answer, and the patient's word
    /// replaces a member's.
    function replaceCustodian(
        bytes32 dealId,
        uint256 pmrId,
        uint8 index,
        address from,
        address to
    ) external {
        require(index != 0, FieldMissing()); // share 0 is the patient's
        Seat storage seat = custodianOf[pmrId][dealId][index];
        address holder = seat.holder;
        if (msg.sender != _patientOf(pmrId)) {
            require(GOVERNMENT.isMember(msg.sender), NotPatient());
            require(!HOSPITALS.isActive(from), CustodianActive());
            require(holder == address(0) || holder == from, CustodianDiffers(holder));
        }
        require(HOSPITALS.idOf(from) != 0, NotCustodian());
        HOSPITALS.requireVerified(to);
        if (holder != from) seat.original = from;
        seat.holder = to;
        emit CustodianReplaced(dealId, pmrId, index, from, to);
    }

    /// The patient shares an entry anew: another key, other fragments, the manifest named here.
    /// The first rotation makes generation 1.
    function rotate(
        uint256 pmrId,
        uint256 entryIndex,
        uint32 generation,
        uint8 codec,
        bytes32 digest
    ) external {
        require(msg.sender == _patientOf(pmrId), NotPatient());
        require(entryIndex < PMR.entryCount(pmrId), EntryUnknown());
        Checks.cid(codec, digest);
        Rotation storage r = rotationOf[pmrId][entryIndex];
        uint256 expected = uint256(r.generation) + 1;
        require(generation == expected, GenerationNotNext(expected));
        r.generation = generation;
        r.codec = codec;
        r.digest = digest;
        emit GenerationRotated(pmrId, entryIndex, generation, codec, digest);
    }

    /// Says that a custodian's share was bad, or never came (`receiptId` 0: no receipt came).
    function complain(
        bytes32 dealId,
        uint8 index,
        address custodian,
        bytes32 receiptId,
        bytes32 evidence
    ) external {
        require(index != 0 && evidence != 0, FieldMissing());
        require(HOSPITALS.idOf(custodian) != 0, NotCustodian());
        require(
            PATIENTS.idOf(msg.sender) != 0 || DOCTORS.isActive(msg.sender)
                || HOSPITALS.isActive(msg.sender),
            NotParticipant()
        );
        emit ShareComplaint(dealId, custodian, msg.sender, index, receiptId, evidence);
    }

    /// A custodian is an account that ever got a Hospital-ID: one that is suspended or revoked
    /// since then still owes its receipts and certificates.
    function _requireNotes(uint256 count) private view {
        require(HOSPITALS.idOf(msg.sender) != 0, NotCustodian());
        require(count != 0 && count <= NOTES_MAX, BatchSize());
    }

    /// The patient of a record that stands.
    function _patientOf(uint256 pmrId) private view returns (address patient) {
        patient = PMR.patientOf(pmrId); // reverts for a token that does not exist
        require(PMR.erasedAt(pmrId) == 0, RecordErased());
    }
}
