// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

// Custom errors of all contracts.  Scenario files and reports show these names.

// the authority and its validator set
error NotAuthorityMember();
error AlreadyVoted();
error ProposalExpired();
error ProposalUnknown();
error ProposalClosed();
error ActionUnknown();
error MemberKnown();
error MemberUnknown();
error MemberLimit();
error LastMember();
error ValidatorKnown();
error ValidatorUnknown();
error ValidatorLimit();
error LastValidator();
error ValidatorNotActive();
error ProofOfPossession();
error LicenceExpired();
error LicenceNotExpired();
error SettingOutOfRange();
error NotGovernment();

// the registries
error HospitalNotVerified();
error HospitalStatusWrong();
/// Someone has this registration, account or identity; 0 = an application without an id yet.
error DuplicateRegistration(uint256 existingId);
error DoctorNotActive();
error DoctorUnknown();
error AffiliationLimit();
error PatientUnknown();
error NotPatient();
error FieldMissing();
error RegistrationCode();
error CidNotAllowed();

// guardian and recovery
error AccountRetired();
error AlreadyConfirmed();
error GuardianUnfit();
error NotGuardian();
error NotPatientRegistry();
error RecoveryDiffers();
error RecoveryNotReady(uint256 readyAt);
error RecoveryOver(uint256 readyAt);
error RecoveryRunning();
error RecoveryUnknown();

// records and lab orders
error InvalidDate();
error DateTooFar();
error TokenLocked();
error RecordUnknown(uint256 pmrId);
error VisitUnknown();
error EntryUnknown();
error EntryLimit();
error NotAuthor();
error NotFiler();
error LabNotListed();
error NotOrderedLab();
error OrderNotOpen();
error ReasonMissing();
error SharePlanInvalid();
error RecordErased();
error RetentionRunning(uint256 until);

// petitions for a correction
error PetitionUnfit();
error AlreadyPetitioned();
error AlreadyExtended();
error PetitionNotOpen();
error PetitionNotDenied();
error PetitionOverdue(uint256 due);

// consent
error ConsentSignature();
error ConsentNonce(uint256 expected);
error ConsentPeriod();
error ConsentScope();
error ConsentCount();
error GranteeNotActive();
error GrantUnknown();
error GrantNotActive();
error GrantLimit();
error RequestUnknown();

// emergency access and copies
error ComplaintUnknown();
error AlreadyUpheld();
error EmergencyUnknown();
error AlreadyReviewed();
error CopyUnknown();
/// Neither the patient's desk nor the writer of the entry.
error NotRecordKeeper();
error AlreadyIssued();

// parties that the authority lists: insurers and researchers
error PartyListed();
error PartyUnknown();

// custody of shares
error BatchSize();
error CustodianActive();
error CustodianDiffers(address current);
error EpochNotNext(uint256 current);
error GenerationNotNext(uint256 expected);
error NotCustodian();
error NotParticipant();
error SequenceNotNext(uint256 expected);

// devices and readings (a batch out of order: SequenceNotNext)
error DeviceTaken();
error DeviceUnknown();
error DeviceUnfit();
error NotDeviceHospital();
error BatchUnknown();
error ReadingUnknown();
error AlreadyAlerted();

// insurance
error PolicyUnknown();
error PolicyTerms();
error PolicyEnded();
error OfferClosed();
error ClaimUnknown();
error ClaimNotCovered();
error AlreadyClaimed();
error AlreadyDecided();
error NotInsurer();
error NotTreating();

// research
error StudyUnknown();
error StudyClosed();
error StudyFull();
error StudyRunning();
error NotResearcher();
error AlreadyJoined();
error NotJoined();
error TooFewParticipants(uint256 needed);
error NothingToPay();
error PaymentFailed();
error AmountWrong(uint256 wanted);

// appointments
error SlotTaken();
error SlotTimes();
error SlotUnknown();
error SlotOver();
error NotBooked();
error PatientBusy();
