// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {
    ConsentCount,
    ConsentNonce,
    ConsentPeriod,
    ConsentScope,
    ConsentSignature,
    FieldMissing,
    GranteeNotActive,
    GrantLimit,
    GrantNotActive,
    GrantUnknown,
    NotPatient,
    PatientUnknown,
    RequestUnknown,
    SettingOutOfRange
} from "./Errors.sol";
import {IConsents, IDoctors, IHospitals, IPatients, IPmr} from "./Interfaces.sol";

/// Who may see what until when.  Grants are EIP-712 messages of the patient that anybody relays.
///
/// One storage word per grant is all that a rule reads: its window, when it was made, whether it
/// covers later records, and the upper half of its id.  Words lie in a short list per
/// (patient, grantee, record), so that `isAllowed` finds them without the id; a word is free again
/// once its grant has expired or was revoked.  The rest of a Consent stands in `Granted`.
contract ConsentRegistry is EIP712, IConsents {
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

    struct Word {
        uint128 tag; // upper half of the grant id
        uint40 validFrom;
        uint40 validUntil; // 0 = free
        uint40 grantedAt;
        uint8 flags;
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
    event Revoked(bytes32 indexed grantId, address indexed patient, address indexed grantee);

    bytes32 private constant CONSENT_TYPEHASH = keccak256(
        "Consent(uint256 pmrId,address patient,address grantee,bytes32 purpose,bytes32 scope,"
        "bytes32 granteeKey,uint64 validFrom,uint64 validUntil,uint256 nonce)"
    );
    bytes32 private constant REVOKE_TYPEHASH = keccak256("Revoke(bytes32 grantId,uint256 nonce)");
    uint256 private constant SECTIONS = 0x7f;
    uint256 private constant LATER = 1 << 255;
    uint256 private constant CONSENTS_MAX = 16; // in one transaction
    uint256 private constant WORDS_MAX = 8; // grants that one list can hold at a time
    uint8 private constant FLAG_LATER = 1;
    uint8 private constant FLAG_MORE = 2; // the list goes on behind this word

    uint64 public immutable GRANT_SECONDS_MAX;
    IHospitals private immutable HOSPITALS;
    IDoctors private immutable DOCTORS;
    IPatients private immutable PATIENTS;
    IPmr private immutable PMR;
    mapping(address patient => uint256) public nonces;
    mapping(bytes32 requestId => address patient) public requestedOf;
    mapping(bytes32 place => Word) private _words;

    constructor(
        IHospitals hospitals,
        IDoctors doctors,
        IPatients patients,
        IPmr pmr,
        uint64 grantSecondsMax
    ) EIP712("wardnet", "1") {
        require(grantSecondsMax != 0, SettingOutOfRange());
        HOSPITALS = hospitals;
        DOCTORS = doctors;
        PATIENTS = patients;
        PMR = pmr;
        GRANT_SECONDS_MAX = grantSecondsMax;
    }

    /// An active doctor or hospital asks; the patient answers with a Consent, a refusal, or not.
    function requestAccess(
        address patient,
        uint256 pmrId,
        bytes32 purpose,
        bytes32 scope,
        bytes32 granteeKey,
        uint64 validFrom,
        uint64 validUntil
    ) external returns (bytes32 requestId) {
        _requireTerms(patient, msg.sender, pmrId, scope, granteeKey, validFrom, validUntil);
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
        requestedOf[requestId] = patient;
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

    function deny(bytes32 requestId) external {
        address patient = requestedOf[requestId];
        require(patient != address(0), RequestUnknown());
        require(patient == msg.sender, NotPatient());
        delete requestedOf[requestId];
        emit Denied(requestId, patient);
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
        _revoke(msg.sender, grantId, grantee, pmrId);
    }

    /// Anybody relays the patient's signed Revoke(grantId, nonce).
    function revokeSigned(
        bytes32 grantId,
        address grantee,
        uint256 pmrId,
        uint256 nonce,
        Signature calldata signature
    ) external {
        bytes32 digest =
            _hashTypedDataV4(keccak256(abi.encode(REVOKE_TYPEHASH, grantId, nonce)));
        address signer = _recover(digest, signature);
        // first the grant: whoever is not its patient is told so, and not about nonces
        _revoke(signer, grantId, grantee, pmrId);
        _useNonce(signer, nonce);
    }

    function isAllowed(address grantee, uint256 pmrId, uint256 at) external view returns (bool) {
        uint256 patientId = pmrId / 10 ** 8;
        uint256 mintedAt = PMR.mintedAt(pmrId);
        if (mintedAt == 0) return false;
        return isAllowedFor(PATIENTS.accountOf(uint64(patientId)), grantee, pmrId, mintedAt, at);
    }

    /// The same for a caller that knows the record's patient and the time of its mint.
    function isAllowedFor(
        address patient,
        address grantee,
        uint256 pmrId,
        uint256 mintedAt,
        uint256 at
    ) public view returns (bool) {
        return _covers(_listOf(patient, grantee, pmrId), at, 0)
            || _covers(_listOf(patient, grantee, 0), at, mintedAt);
    }

    /// Whether this very Consent was granted and not revoked.
    function isStanding(Consent calldata c) external view returns (bool) {
        bytes32 list = _listOf(c.patient, c.grantee, c.pmrId);
        uint128 tag = _tag(grantIdOf(c));
        for (uint256 i = 0; i < WORDS_MAX; ++i) {
            Word memory w = _words[_place(list, i)];
            if (w.tag == tag && w.validUntil != 0) return true;
            if (w.flags & FLAG_MORE == 0) break;
        }
        return false;
    }

    /// The EIP-712 digest of a Consent.
    function grantIdOf(Consent calldata c) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(CONSENT_TYPEHASH, c)));
    }

    function _grant(Consent calldata c, Signature calldata signature)
        private
        returns (bytes32 grantId)
    {
        address patient = c.patient;
        address grantee = c.grantee;
        grantId = grantIdOf(c);
        require(_recover(grantId, signature) == patient, ConsentSignature());
        _useNonce(patient, c.nonce);
        _requireTerms(
            patient, grantee, c.pmrId, c.scope, c.granteeKey, c.validFrom, c.validUntil
        );
        _store(_listOf(patient, grantee, c.pmrId), grantId, c);
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

    /// Takes the first free word of the list, or makes the list longer.
    function _store(bytes32 list, bytes32 grantId, Consent calldata c) private {
        uint8 flags = uint256(c.scope) & LATER != 0 ? FLAG_LATER : 0;
        for (uint256 i = 0; i < WORDS_MAX; ++i) {
            Word storage w = _words[_place(list, i)];
            uint8 more = w.flags & FLAG_MORE;
            if (w.validUntil <= block.timestamp) {
                _words[_place(list, i)] = Word(
                    _tag(grantId),
                    uint40(c.validFrom),
                    uint40(c.validUntil),
                    uint40(block.timestamp),
                    flags | more
                );
                return;
            }
            if (more == 0 && i + 1 < WORDS_MAX) w.flags |= FLAG_MORE;
        }
        revert GrantLimit();
    }

    function _revoke(address patient, bytes32 grantId, address grantee, uint256 pmrId) private {
        bytes32 list = _listOf(patient, grantee, pmrId);
        uint128 tag = _tag(grantId);
        for (uint256 i = 0; i < WORDS_MAX; ++i) {
            bytes32 place = _place(list, i);
            Word memory w = _words[place];
            if (w.tag == tag && w.validUntil != 0) {
                require(w.validUntil > block.timestamp, GrantNotActive());
                delete _words[place];
                if (w.flags & FLAG_MORE != 0) _words[place].flags = FLAG_MORE;
                emit Revoked(grantId, patient, grantee);
                return;
            }
            if (w.flags & FLAG_MORE == 0) break;
        }
        revert GrantUnknown();
    }

    function _useNonce(address patient, uint256 nonce) private {
        uint256 expected = nonces[patient];
        require(nonce == expected, ConsentNonce(expected));
        nonces[patient] = expected + 1;
    }

    /// What must hold for a request and for a grant alike.
    function _requireTerms(
        address patient,
        address grantee,
        uint256 pmrId,
        bytes32 scope,
        bytes32 granteeKey,
        uint64 validFrom,
        uint64 validUntil
    ) private view {
        require(validFrom < validUntil && validUntil > block.timestamp, ConsentPeriod());
        require(validUntil - validFrom <= GRANT_SECONDS_MAX, ConsentPeriod());
        require(validUntil <= type(uint40).max, ConsentPeriod()); // a word keeps 40 bits
        uint256 bits = uint256(scope);
        require(bits & ~(SECTIONS | LATER) == 0 && bits & SECTIONS != 0, ConsentScope());
        require(granteeKey != 0, FieldMissing());
        if (pmrId == 0) {
            require(PATIENTS.idOf(patient) != 0, PatientUnknown());
        } else {
            require(PMR.ownerOf(pmrId) == patient, NotPatient());
        }
        require(
            grantee != patient && (DOCTORS.isActive(grantee) || HOSPITALS.isActive(grantee)),
            GranteeNotActive()
        );
    }

    /// `mintedAt` 0: the list is that of the record itself, which every grant in it covers.
    function _covers(bytes32 list, uint256 at, uint256 mintedAt) private view returns (bool) {
        for (uint256 i = 0; i < WORDS_MAX; ++i) {
            Word memory w = _words[_place(list, i)];
            if (
                w.validFrom <= at && at < w.validUntil
                    && (mintedAt <= w.grantedAt || w.flags & FLAG_LATER != 0)
            ) return true;
            if (w.flags & FLAG_MORE == 0) return false;
        }
        return false;
    }

    /// The signer; refuses v other than 27 and 28, high s, and what recovers to nobody.
    function _recover(bytes32 digest, Signature calldata signature)
        private
        pure
        returns (address signer)
    {
        ECDSA.RecoverError problem;
        (signer, problem,) = ECDSA.tryRecover(digest, signature.v, signature.r, signature.s);
        require(problem == ECDSA.RecoverError.NoError, ConsentSignature());
    }

    function _listOf(address patient, address grantee, uint256 pmrId)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(patient, grantee, pmrId));
    }

    function _place(bytes32 list, uint256 index) private pure returns (bytes32) {
        unchecked {
            return bytes32(uint256(list) + index);
        }
    }

    function _tag(bytes32 grantId) private pure returns (uint128) {
        return uint128(uint256(grantId) >> 128);
    }
}
