// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {
    AlreadyExtended,
    AlreadyPetitioned,
    FieldMissing,
    NotAuthor,
    NotPatient,
    PetitionNotDenied,
    PetitionNotOpen,
    PetitionOverdue,
    PetitionUnfit,
    ReasonMissing,
    RecordErased
} from "./Errors.sol";
import {PmrEntries} from "./PmrEntries.sol";
import {Content, Kind} from "./Types.sol";

/// Corrections (45 CFR 164.526).  An author amends an own entry, of himself or because the patient
/// petitions for it; what he refuses he gives reasons for, and the patient may disagree.
///
/// The reason and the disagreement are entries of the record like the amendment: so whoever reads
/// the record gets them from its custodians, under the same grant.  Each says which entry it is
/// about.  An answer after its time is taken, and seen to be late: else it could never be given.
abstract contract Amendments is PmrEntries {
    enum PetitionState {
        None,
        Open,
        Accepted,
        Denied,
        Disputed
    }

    struct Petition {
        uint64 due; // block time in seconds by which the author answers
        PetitionState state;
        bool extended;
    }

    event PetitionFiled(
        uint256 indexed pmrId,
        uint256 indexed index,
        uint64 indexed doctorId,
        bytes32 commitment,
        uint64 due
    );
    event PetitionExtended(
        uint256 indexed pmrId, uint256 indexed index, bytes32 reason, uint64 due
    );
    event PetitionDenied(uint256 indexed pmrId, uint256 indexed index, uint256 by);
    event PetitionDisputed(uint256 indexed pmrId, uint256 indexed index, uint256 by);

    uint64 private constant ANSWER_SECONDS = 60 days;
    uint64 private constant EXTENSION_SECONDS = 30 days;

    mapping(uint256 pmrId => mapping(uint256 index => Petition)) private _petitions;

    /// Writes an amendment of one's own entry, which stays and is marked; a petition that is open
    /// is accepted with it, and `EntryMarked` tells so.
    function amend(uint256 pmrId, uint256 index, uint64 hospitalId, Content calldata content)
        external
    {
        uint64 doctorId = _requireAuthor(pmrId, index, hospitalId);
        uint256 by = _append(pmrId, doctorId, hospitalId, Kind.Amendment, index + 1, content);
        _mark(pmrId, index, by);
        Petition storage p = _petitions[pmrId][index];
        if (p.state == PetitionState.Open) p.state = PetitionState.Accepted;
    }

    /// The patient asks the author of an entry for a correction, once; `commitment` is of the text
    /// that the author gets.
    function petition(uint256 pmrId, uint256 index, bytes32 commitment) external {
        require(msg.sender == patientOf(pmrId), NotPatient());
        uint256 head = _head(pmrId, index);
        require(erasedAt(pmrId) == 0, RecordErased());
        require(commitment != 0, FieldMissing());
        uint64 doctorId = uint64(head);
        // what a registry filed or the patient stated has no author who could amend it, and for
        // an amended entry its amendment stands
        bool isAmended = uint8(head >> AT_MARKED) != 0;
        require(doctorId != 0 && !_isFiled(head) && !isAmended, PetitionUnfit());
        Petition storage p = _petitions[pmrId][index];
        require(p.state == PetitionState.None, AlreadyPetitioned());
        uint64 due = uint64(block.timestamp) + ANSWER_SECONDS;
        p.due = due;
        p.state = PetitionState.Open;
        emit PetitionFiled(pmrId, index, doctorId, commitment, due);
    }

    /// The author takes 30 days more, once and in time, and says why by the commitment of a text.
    function extendPetition(uint256 pmrId, uint256 index, uint64 hospitalId, bytes32 reason)
        external
    {
        _requireAuthor(pmrId, index, hospitalId);
        Petition storage p = _requireOpen(pmrId, index);
        require(!p.extended, AlreadyExtended());
        require(block.timestamp <= p.due, PetitionOverdue(p.due));
        require(reason != 0, ReasonMissing());
        uint64 due = p.due + EXTENSION_SECONDS;
        p.due = due;
        p.extended = true;
        emit PetitionExtended(pmrId, index, reason, due);
    }

    /// The author refuses; `content` holds the reason, and the old entry stays unmarked.
    function denyPetition(
        uint256 pmrId,
        uint256 index,
        uint64 hospitalId,
        Content calldata content
    ) external {
        uint64 doctorId = _requireAuthor(pmrId, index, hospitalId);
        _requireOpen(pmrId, index).state = PetitionState.Denied;
        uint256 by = _append(pmrId, doctorId, hospitalId, Kind.Amendment, index + 1, content);
        emit PetitionDenied(pmrId, index, by);
    }

    /// The patient disagrees with a refusal, once: an entry of no doctor and no hospital.
    function dispute(uint256 pmrId, uint256 index, Content calldata content) external {
        require(msg.sender == patientOf(pmrId), NotPatient());
        Petition storage p = _petitions[pmrId][index];
        require(p.state == PetitionState.Denied, PetitionNotDenied());
        p.state = PetitionState.Disputed;
        uint256 by = _append(pmrId, 0, 0, Kind.Amendment, index + 1, content);
        emit PetitionDisputed(pmrId, index, by);
    }

    /// Zeros where nobody petitioned.
    function petitionOf(uint256 pmrId, uint256 index) external view returns (Petition memory) {
        return _petitions[pmrId][index];
    }

    function _requireOpen(uint256 pmrId, uint256 index) private view returns (Petition storage p) {
        require(erasedAt(pmrId) == 0, RecordErased());
        p = _petitions[pmrId][index];
        require(p.state == PetitionState.Open, PetitionNotOpen());
    }

    function _requireAuthor(uint256 pmrId, uint256 index, uint64 hospitalId)
        private
        view
        returns (uint64 doctorId)
    {
        doctorId = DOCTORS.requireWriter(msg.sender, hospitalId);
        uint256 head = _head(pmrId, index);
        // what a registry filed names the doctor behind it, who is not its author
        require(uint64(head) == doctorId && !_isFiled(head), NotAuthor());
    }

    function _isFiled(uint256 head) private pure returns (bool) {
        return uint8(head >> AT_KIND) >= uint8(Kind.Lab);
    }
}
