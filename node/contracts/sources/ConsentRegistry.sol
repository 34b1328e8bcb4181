// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Complaints} from "./Complaints.sol";
import {Copies} from "./Copies.sol";
import {Emergencies} from "./Emergencies.sol";
import {
    ConsentCount,
    ConsentNonce,
    ConsentPeriod,
    ConsentScope,
    ConsentSignature,
    FieldMissing,
    GranteeNotActive,
    NotPatient,
    NotPatientRegistry,
    PatientUnknown,
    RequestUnknown,
    SettingOutOfRange
} from "./Errors.sol";
import {
    IConsents,
    IDoctors,
    IGovernment,
    IHospitals,
    IParties,
    IPatients,
    IPmr
} from "./Interfaces.sol";

/// Who may see what until when.  Grants are EIP-712 messages of the patient that anybody relays.
/// What rules read of a grant is kept by GrantLists; the rest of a Consent stands in `Granted`.
/// Beside them: the end of a misused grant (Complaints), what a doctor may see without one
/// (Emergencies), and the patient's own right to a copy (Copies).
contract ConsentRegistry is EIP712, Complaints, Emergencies, Copies, IConsents {
    struct Consent {
        uint256 pmrId; // 0 = all records of the patient
        address patient;
        address grantee;
        bytes32 purpose;
        bytes32 scope;
        bytes32 granteeKey; // X25519
        uint64 validFrom;
        uint64 validUntil; // exclusive
        uint256 nonce;
    }

    struct Signature {
        bytes32 r;
        bytes32 s;
        uint8 v;
    }

    event AccessRequested(
        bytes32 indexed requestId,
        address indexed patient,
        address indexed grantee,
        uint256 pmrId,
        bytes32 purpose,
        bytes32 scope,
        bytes32 granteeKey,
        uint64 validFrom,
        uint64 validUntil
    );
    event Granted(
        bytes32 indexed grantId,
        address indexed patient,
        address indexed grantee,
        uint256 pmrId,
        bytes32 purpose,
        bytes32 scope,
        bytes32 granteeKey,
        uint64 validFrom,
        uint64 validUntil,
        uint256 nonce
    );
    event Denied(bytes32 indexed requestId, address indexed patient);

    bytes32 private constant CONSENT_TYPEHASH = keccak256(
        "Consent(uint256 pmrId,address patient,address grantee,bytes32 purpose,bytes32 scope,"
        "bytes32 granteeKey,uint64 validFrom,uint64 validUntil,uint256 nonce)"
    );
    bytes32 private constant REVOKE_TYPEHASH = keccak256("Revoke(bytes32 grantId,uint256 nonce)");
    uint256 private constant HALF_N = // half the order of secp256k1: a higher s is malleable
        0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;
    uint256 private constant SECTIONS = 0x7f;
    uint256 private constant DATE_FACTOR = 10 ** 8;
    uint256 private constant AT_PATIENT = 64;
    uint256 private constant CONSENTS_MAX = 16; // in one transaction

    uint64 public immutable GRANT_SECONDS_MAX;
    IHospitals private immutable HOSPITALS;
    IDoctors private immutable DOCTORS;
    IPatients private immutable PATIENTS;
    IPmr private immutable PMR;
    IParties private immutable INSURERS;
    IParties private immutable RESEARCHERS;
    mapping(address patient => uint256 wallet) private _wallets; // nonce 64 | Patient-ID 64
    mapping(address left => uint256 patientId) private _former; // accounts that a recovery has left
    mapping(bytes32 requestId => uint256 patientId) public requestedOf;

    constructor(
        IGovernment government,
        IHospitals hospitals,
        IDoctors doctors,
        IPatients patients,
        IPmr pmr,
        IParties insurers,
        IParties researchers,
        uint64 grantSecondsMax,
        uint64 reviewSeconds
    )
        EIP712("wardnet", "1")
        Complaints(government, hospitals, patients)
        Emergencies(government, doctors, patients, reviewSeconds)
        Copies(hospitals, patients, pmr)
    {
        require(grantSecondsMax != 0, SettingOutOfRange());
        HOSPITALS = hospitals;
        DOCTORS = doctors;
        PATIENTS = patients;
        PMR = pmr;
        INSURERS = insurers;
        RESEARCHERS = researchers;
        GRANT_SECONDS_MAX = grantSecondsMax;
    }

    /// An active doctor, hospital, insurer or researcher asks; the patient answers with a Consent, a refusal, or not.
    function requestAccess(
        address patient,
        uint256 pmrId,
        bytes32 purpose,
        bytes32 scope,
        bytes32 granteeKey,
        uint64 validFrom,
        uint64 validUntil
    ) external returns (bytes32 requestId) {
        uint256 patientId = PATIENTS.idOf(patient);
        require(patientId != 0, PatientUnknown());
        _requireRecord(pmrId, patientId);
        _requireTerms(scope, granteeKey, validFrom, validUntil);
        _requireGrantee(msg.sender, patient);
        requestId = keccak256(
            abi.encode(
                msg.sender,
                patient,
                pmrId,
                purpose,
                scope,
                granteeKey,
                validFrom,
                validUntil,
                block.number
            )
        );
        requestedOf[requestId] = patientId;
        emit AccessRequested(
            requestId,
            patient,
            msg.sender,
            pmrId,
            purpose,
            scope,
            granteeKey,
            validFrom,
            validUntil
        );
    }

    /// The patient refuses; after a recovery the new account does, and the old one no more.
    function deny(bytes32 requestId) external {
        uint256 patientId = requestedOf[requestId];
        require(patientId != 0, RequestUnknown());
        require(PATIENTS.idOf(msg.sender) == patientId, NotPatient());
        delete requestedOf[requestId];
        emit Denied(requestId, msg.sender);
    }

    function grant(Consent calldata c, Signature calldata signature)
        external
        returns (bytes32 grantId)
    {
        return _grant(c, signature);
    }

    /// Several Consents at once; all stand or none.
    function grantMany(Consent[] calldata list, Signature[] calldata signatures) external {
        uint256 count = list.length;
        require(
            count != 0 && count <= CONSENTS_MAX && count == signatures.length, ConsentCount()
        );
        for (uint256 i = 0; i < count; ++i) {
            _grant(list[i], signatures[i]);
        }
    }

    /// The patient takes a grant back; grantee and pmrId are those of its Consent.
    function revoke(bytes32 grantId, address grantee, uint256 pmrId) external {
        _free(_listOf(_wallets[msg.sender] >> AT_PATIENT, grantee, pmrId), grantId);
    }

    /// Anybody relays the patient's signed Revoke(grantId, nonce).
    function revokeSigned(
        bytes32 grantId,
        address grantee,
        uint256 pmrId,
        uint256 nonce,
        Signature calldata signature
    ) external {
        bytes32 digest = _hashTypedDataV4(_hash3(REVOKE_TYPEHASH, grantId, bytes32(nonce)));
        address signer = _recover(digest, signature);
        uint256 wallet = _wallets[signer];
        // first the grant: whoever is not its patient is told so, and not about nonces
        _free(_listOf(wallet >> AT_PATIENT, grantee, pmrId), grantId);
        require(nonce == uint64(wallet), ConsentNonce(uint64(wallet)));
        unchecked {
            _wallets[signer] = wallet + 1;
        }
    }

    /// Hands a patient's nonce on to the account of a recovery.  The old account can do nothing
    /// here any more; what it granted stands, and is the new one's to revoke.
    function moveWallet(address from, address to) external {
        require(msg.sender == address(PATIENTS), NotPatientRegistry());
        uint256 wallet = _wallets[from];
        if (wallet == 0) return; // never granted anything
        _wallets[to] = wallet;
        _former[from] = wallet >> AT_PATIENT;
        delete _wallets[from];
    }

    function isAllowed(address grantee, uint256 pmrId, uint256 at) external view returns (bool) {
        uint256 mintedAt = PMR.mintedAt(pmrId);
        if (mintedAt == 0) return false;
        return isAllowedFor(grantee, pmrId, mintedAt, at);
    }

    /// The same for a caller that knows the time of the record's mint.
    function isAllowedFor(address grantee, uint256 pmrId, uint256 mintedAt, uint256 at)
        public
        view
        returns (bool)
    {
        uint256 patientId = pmrId / DATE_FACTOR;
        return _covers(_listOf(patientId, grantee, pmrId), at, 0)
            || _covers(_listOf(patientId, grantee, 0), at, mintedAt);
    }

    /// Whether this very Consent was granted and not revoked.
    function isStanding(Consent calldata c) external view returns (bool) {
        uint256 patientId = _wallets[c.patient] >> AT_PATIENT;
        if (patientId == 0) patientId = _former[c.patient];
        (, uint256 word) = _find(_listOf(patientId, c.grantee, c.pmrId), grantIdOf(c));
        return word != 0;
    }

    /// What the patient's next Consent or Revoke must carry.
    function nonces(address patient) external view returns (uint256) {
        return uint64(_wallets[patient]);
    }

    /// The EIP-712 digest of a Consent.
    function grantIdOf(Consent calldata c) public view returns (bytes32) {
        // _grant reads, and so checks, every field that is narrower than a word
        bytes32 typehash = CONSENT_TYPEHASH;
        bytes32 structHash;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typehash)
            calldatacopy(add(free, 0x20), c, 0x120)
            structHash := keccak256(free, 0x140)
        }
        return _hashTypedDataV4(structHash);
    }

    function _grant(Consent calldata c, Signature calldata signature)
        private
        returns (bytes32 grantId)
    {
        address patient = c.patient;
        address grantee = c.grantee;
        grantId = grantIdOf(c);
        require(_recover(grantId, signature) == patient, ConsentSignature());
        {
            uint256 patientId = _useNonce(patient, c.nonce);
            _requireRecord(c.pmrId, patientId);
            _requireTerms(c.scope, c.granteeKey, c.validFrom, c.validUntil);
            _requireGrantee(grantee, patient);
            bytes32 list = _listOf(patientId, grantee, c.pmrId);
            bool coversLater = uint256(c.scope) & LATER != 0;
            _store(list, grantId, c.validFrom, c.validUntil, coversLater);
        }
        emit Granted(
            grantId,
            patient,
            grantee,
            c.pmrId,
            c.purpose,
            c.scope,
            c.granteeKey,
            c.validFrom,
            c.validUntil,
            c.nonce
        );
    }

    /// Counts the patient's nonce on and gives the Patient-ID.
    function _useNonce(address patient, uint256 nonce) private returns (uint256 patientId) {
        uint256 wallet = _wallets[patient];
        uint256 expected = uint64(wallet);
        require(nonce == expected, ConsentNonce(expected));
        if (wallet == 0) {
            // the first time only: a Patient-ID never changes
            patientId = PATIENTS.idOf(patient);
            require(patientId != 0, PatientUnknown());
            wallet = patientId << AT_PATIENT;
        }
        unchecked {
            _wallets[patient] = wallet + 1;
        }
        return wallet >> AT_PATIENT;
    }

    /// A Consent names all records of its patient, or one.
    function _requireRecord(uint256 pmrId, uint256 patientId) private pure {
        require(pmrId == 0 || pmrId / DATE_FACTOR == patientId, NotPatient());
    }

    function _requireTerms(bytes32 scope, bytes32 granteeKey, uint64 validFrom, uint64 validUntil)
        private
        view
    {
        require(validFrom < validUntil && validUntil > block.timestamp, ConsentPeriod());
        require(validUntil <= type(uint40).max, ConsentPeriod()); // a word keeps 40 bits
        unchecked {
            require(validUntil - validFrom <= GRANT_SECONDS_MAX, ConsentPeriod());
        }
        uint256 bits = uint256(scope);
        require(bits & ~(SECTIONS | LATER) == 0 && bits & SECTIONS != 0, ConsentScope());
        require(granteeKey != 0, FieldMissing());
    }

    function _requireGrantee(address grantee, address patient) private view {
        require(grantee != patient && _isParty(grantee), GranteeNotActive());
    }

    function _isParty(address account) private view returns (bool) {
        return DOCTORS.isActive(account) || HOSPITALS.isActive(account)
            || INSURERS.isActive(account) || RESEARCHERS.isActive(account);
    }

    /// The signer; refuses v other than 27 and 28, high s, and what recovers to nobody.
    function _recover(bytes32 digest, Signature calldata signature)
        private
        pure
        returns (address signer)
    {
        bytes32 s = signature.s;
        require(uint256(s) <= HALF_N, ConsentSignature());
        signer = ecrecover(digest, signature.v, signature.r, s); // nobody unless v is 27 or 28
        require(signer != address(0), ConsentSignature());
    }
}
