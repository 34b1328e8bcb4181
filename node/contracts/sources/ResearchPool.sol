// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {
    AlreadyJoined,
    AmountWrong,
    FieldMissing,
    NotJoined,
    NotPatient,
    NotResearcher,
    NothingToPay,
    PaymentFailed,
    SettingOutOfRange,
    StudyClosed,
    StudyFull,
    StudyRunning,
    StudyUnknown,
    TooFewParticipants
} from "./Errors.sol";
import {IHospitals, IPatients} from "./Interfaces.sol";
import {Parties} from "./Parties.sol";
import {Checks, Content} from "./Types.sol";

/// Researchers, their funded studies, who joined, and what each is paid.
///
/// The whole price lies in escrow from the beginning, so that a promise cannot outlive its money.
/// A study fails if fewer than k have joined at its deadline: then all goes back.  Else each
/// participant is owed the price, and the hospital that registered them a share on top, from the
/// release of the dataset on, and at the latest GRACE after the deadline: the researcher could
/// read all the time, so that silence must not be cheaper than a release.
///
/// Every payment is pulled, marked before it leaves, and computed from counts, never from the
/// balance: ether that is forced in changes nothing.
contract ResearchPool is Parties {
    /// What a researcher promises.
    struct Terms {
        uint64 deadline;
        uint16 k;
        uint32 places;
        uint96 price;
        uint96 share;
    }

    struct Study {
        address researcher;
        uint64 deadline; // block time in seconds: joining and leaving end here, exclusive
        uint16 k;
        bool released;
        bool refunded;
        uint96 price; // wei for each participant
        uint96 share; // wei on top, for the participant's hospital
        uint32 places;
        uint32 participants;
    }

    enum Standing {
        None,
        Joined,
        Left,
        Paid
    }

    struct Participation {
        Standing standing;
        uint64 hospitalId; // who registered the patient
    }

    event StudyFunded(
        uint256 indexed studyId,
        address indexed researcher,
        Terms terms,
        string purpose
    );
    event OptedIn(uint256 indexed studyId, uint64 indexed patientId, uint32 participants);
    event OptedOut(uint256 indexed studyId, uint64 indexed patientId, uint32 participants);
    event DatasetReleased(
        uint256 indexed studyId,
        uint32 participants,
        uint32 rows,
        Content dataset
    );
    event Paid(
        uint256 indexed studyId,
        uint64 indexed patientId,
        address indexed account,
        uint256 amount
    );
    event HospitalPaid(
        uint256 indexed studyId,
        uint64 indexed hospitalId,
        address indexed account,
        uint256 amount
    );
    event Refunded(uint256 indexed studyId, address indexed researcher, uint256 amount);

    uint16 private constant K_MIN = 2; // a crowd of one hides nobody
    uint64 private constant STUDY_SECONDS_MAX = 3650 days;
    uint64 public constant GRACE = 30 days;

    IHospitals private immutable HOSPITALS;
    IPatients private immutable PATIENTS;
    uint256 public studyCount;
    mapping(uint256 studyId => Study) private _studies;
    mapping(uint256 studyId => mapping(uint64 patientId => Participation)) private _participations;
    mapping(uint256 studyId => mapping(uint64 hospitalId => uint32)) private _unpaid; // hospitals

    constructor(address government, IHospitals hospitals, IPatients patients) Parties(government) {
        HOSPITALS = hospitals;
        PATIENTS = patients;
    }

    /// Opens a study; the call carries places * (price + share).
    function fund(string calldata purpose, Terms calldata terms)
        external
        payable
        returns (uint256 studyId)
    {
        require(isActive[msg.sender], NotResearcher());
        require(bytes(purpose).length != 0, FieldMissing());
        require(terms.k >= K_MIN && terms.places >= terms.k, SettingOutOfRange());
        require(
            terms.deadline > block.timestamp
                && terms.deadline <= block.timestamp + STUDY_SECONDS_MAX,
            SettingOutOfRange()
        );
        uint256 wanted = uint256(terms.places) * (uint256(terms.price) + terms.share);
        require(msg.value == wanted, AmountWrong(wanted));

        studyId = ++studyCount;
        Study storage s = _studies[studyId];
        s.researcher = msg.sender;
        s.deadline = terms.deadline;
        s.k = terms.k;
        s.price = terms.price;
        s.share = terms.share;
        s.places = terms.places;
        emit StudyFunded(studyId, msg.sender, terms, purpose);
    }

    function join(uint256 studyId) external {
        Study storage s = _openStudy(studyId);
        uint64 patientId = PATIENTS.idOf(msg.sender);
        require(patientId != 0, NotPatient());
        // one who was struck off can release nothing
        require(isActive[s.researcher], NotResearcher());
        Participation storage p = _participations[studyId][patientId];
        require(p.standing != Standing.Joined, AlreadyJoined());
        require(s.participants < s.places, StudyFull());

        (, uint64 hospitalId,) = PATIENTS.patient(patientId);
        p.standing = Standing.Joined;
        p.hospitalId = hospitalId;
        ++_unpaid[studyId][hospitalId];
        emit OptedIn(studyId, patientId, ++s.participants);
    }

    function leave(uint256 studyId) external {
        Study storage s = _openStudy(studyId);
        uint64 patientId = PATIENTS.idOf(msg.sender);
        Participation storage p = _participations[studyId][patientId];
        require(p.standing == Standing.Joined, NotJoined());

        p.standing = Standing.Left;
        --_unpaid[studyId][p.hospitalId];
        emit OptedOut(studyId, patientId, --s.participants);
    }

    /// Commits to the dataset that the researcher has made of at least k participants.
    function release(uint256 studyId, uint32 rows, Content calldata dataset) external {
        Study storage s = _endedStudy(studyId);
        require(msg.sender == s.researcher && isActive[msg.sender], NotResearcher());
        require(!s.released, StudyClosed());
        require(s.participants >= s.k, TooFewParticipants(s.k));
        require(rows >= s.k && rows <= s.participants, SettingOutOfRange());
        Checks.content(dataset);

        s.released = true;
        emit DatasetReleased(studyId, s.participants, rows, dataset);
    }

    /// Pays a participant, to the account that is the patient's now.
    function payOut(uint256 studyId) external {
        Study storage s = _dueStudy(studyId);
        uint64 patientId = PATIENTS.idOf(msg.sender);
        Participation storage p = _participations[studyId][patientId];
        uint256 amount = s.price;
        require(p.standing == Standing.Joined && amount != 0, NothingToPay());

        p.standing = Standing.Paid;
        emit Paid(studyId, patientId, msg.sender, amount);
        _send(amount);
    }

    /// Pays a hospital for all participants whom it registered.
    function payHospital(uint256 studyId) external {
        Study storage s = _dueStudy(studyId);
        uint64 hospitalId = HOSPITALS.idOf(msg.sender);
        uint256 amount = uint256(s.share) * _unpaid[studyId][hospitalId];
        require(amount != 0, NothingToPay());

        delete _unpaid[studyId][hospitalId];
        emit HospitalPaid(studyId, hospitalId, msg.sender, amount);
        _send(amount);
    }

    /// Gives back what nobody is owed: all of a study that failed, else the unused places.
    function refund(uint256 studyId) external {
        Study storage s = _endedStudy(studyId);
        require(msg.sender == s.researcher, NotResearcher());
        uint256 unused = s.places;
        if (!_failed(s)) unused -= s.participants;
        uint256 amount = unused * (uint256(s.price) + s.share);
        require(!s.refunded && amount != 0, NothingToPay());

        s.refunded = true;
        emit Refunded(studyId, msg.sender, amount);
        _send(amount);
    }

    function study(uint256 studyId) external view returns (Study memory) {
        return _known(studyId);
    }

    function participation(uint256 studyId, uint64 patientId)
        external
        view
        returns (Participation memory)
    {
        return _participations[studyId][patientId];
    }

    /// How many participants of a hospital its share is still to be paid for.
    function unpaidOf(uint256 studyId, uint64 hospitalId) external view returns (uint32) {
        return _unpaid[studyId][hospitalId];
    }

    function _known(uint256 studyId) private view returns (Study storage s) {
        s = _studies[studyId];
        require(s.researcher != address(0), StudyUnknown());
    }

    function _openStudy(uint256 studyId) private view returns (Study storage s) {
        s = _known(studyId);
        require(block.timestamp < s.deadline, StudyClosed());
    }

    function _endedStudy(uint256 studyId) private view returns (Study storage s) {
        s = _known(studyId);
        require(block.timestamp >= s.deadline, StudyRunning());
    }

    /// A study whose participants and hospitals are owed their money.
    function _dueStudy(uint256 studyId) private view returns (Study storage s) {
        s = _endedStudy(studyId);
        require(!_failed(s), NothingToPay());
        require(s.released || block.timestamp >= uint256(s.deadline) + GRACE, StudyRunning());
    }

    /// Of a study past its deadline, whose count does not change any more.
    function _failed(Study storage s) private view returns (bool) {
        return s.participants < s.k;
    }

    /// The last act of its caller: all that is owed is written down before.
    function _send(uint256 amount) private {
        (bool done,) = msg.sender.call{value: amount}("");
        require(done, PaymentFailed());
    }
}
