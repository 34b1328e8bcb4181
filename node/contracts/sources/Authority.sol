// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {
    ActionUnknown,
    AlreadyVoted,
    FieldMissing,
    LastMember,
    MemberKnown,
    MemberLimit,
    MemberUnknown,
    NotAuthorityMember,
    ProposalClosed,
    ProposalExpired,
    ProposalUnknown,
    SettingOutOfRange
} from "./Errors.sol";

/// Members that decide by strict majority.  A vote counts while its member is one: the tally is
/// taken over the present members each time, never from a stored number.
abstract contract Authority {
    enum Action {
        AddMember,
        RemoveMember,
        VerifyHospital,
        SuspendHospital,
        RevokeHospital,
        AdmitValidator,
        WithdrawValidator,
        EmergencyWithdraw,
        SuspendDoctor,
        SetLicence,
        ListInsurer,
        StrikeInsurer,
        ListResearcher,
        StrikeResearcher,
        UpholdComplaint
    }

    struct Proposal {
        Action kind;
        address proposer;
        uint64 deadline; // block time in seconds, exclusive
        bool enacted;
        bytes payload;
    }

    event Proposed(
        uint256 indexed proposalId,
        uint8 indexed kind,
        address indexed proposer,
        uint64 deadline,
        bytes payload
    );
    event Voted(uint256 indexed proposalId, address indexed member);
    event Enacted(uint256 indexed proposalId, uint8 indexed kind);

    uint256 private constant MEMBERS_MAX = 64;
    uint64 private constant VOTING_SECONDS_MAX = 3650 days;

    uint64 public immutable votingSeconds;
    uint256 public proposalCount;
    mapping(uint256 proposalId => mapping(address member => bool)) public hasVoted;

    address[] private _members;
    mapping(address member => uint256) private _places; // place in _members plus one, 0 = none
    mapping(uint256 proposalId => Proposal) private _proposals;

    modifier onlyMember() {
        require(_places[msg.sender] != 0, NotAuthorityMember());
        _;
    }

    constructor(address[] memory first, uint64 openSeconds) {
        require(first.length != 0, SettingOutOfRange());
        require(openSeconds != 0 && openSeconds <= VOTING_SECONDS_MAX, SettingOutOfRange());
        votingSeconds = openSeconds;
        for (uint256 i = 0; i < first.length; ++i) {
            _addMember(first[i]);
        }
    }

    /// Opens a proposal with the proposer's own vote.
    function propose(uint8 kind, bytes calldata payload)
        external
        onlyMember
        returns (uint256 proposalId)
    {
        require(kind <= uint8(type(Action).max), ActionUnknown());
        Action action = Action(kind);
        uint256 words = 1;
        if (action == Action.AdmitValidator) words = 4;
        if (action == Action.SuspendDoctor || action == Action.SetLicence) words = 2;
        require(payload.length == 32 * words, ActionUnknown());

        proposalId = ++proposalCount;
        uint64 deadline = uint64(block.timestamp) + votingSeconds;
        _proposals[proposalId] = Proposal(action, msg.sender, deadline, false, payload);
        emit Proposed(proposalId, kind, msg.sender, deadline, payload);
        _vote(proposalId);
    }

    /// Votes for a proposal; the vote that completes the majority enacts it.
    function vote(uint256 proposalId) external onlyMember {
        Proposal storage p = _proposals[proposalId];
        require(p.deadline != 0, ProposalUnknown());
        require(!p.enacted, ProposalClosed());
        require(block.timestamp < p.deadline, ProposalExpired());
        require(!hasVoted[proposalId][msg.sender], AlreadyVoted());
        _vote(proposalId);
    }

    function members() external view returns (address[] memory) {
        return _members;
    }

    function isMember(address account) external view returns (bool) {
        return _places[account] != 0;
    }

    function proposal(uint256 proposalId)
        external
        view
        returns (
            uint8 kind,
            address proposer,
            uint64 deadline,
            bool enacted,
            uint256 votes,
            bytes memory payload
        )
    {
        Proposal storage p = _proposals[proposalId];
        require(p.deadline != 0, ProposalUnknown());
        return
            (uint8(p.kind), p.proposer, p.deadline, p.enacted, _tally(proposalId), p.payload);
    }

    function _vote(uint256 proposalId) private {
        hasVoted[proposalId][msg.sender] = true;
        emit Voted(proposalId, msg.sender);

        Proposal storage p = _proposals[proposalId];
        uint256 votes = _tally(proposalId);
        // an emergency needs everybody; all else more than half, so 2 of 4 is not enough
        bool carried = p.kind == Action.EmergencyWithdraw
            ? votes == _members.length
            : 2 * votes > _members.length;
        if (carried) {
            p.enacted = true;
            emit Enacted(proposalId, uint8(p.kind));
            _enact(p.kind, p.payload);
        }
    }

    function _tally(uint256 proposalId) private view returns (uint256 votes) {
        uint256 count = _members.length;
        for (uint256 i = 0; i < count; ++i) {
            if (hasVoted[proposalId][_members[i]]) ++votes;
        }
    }

    function _enact(Action kind, bytes memory payload) internal virtual;

    function _addMember(address account) internal {
        require(account != address(0), FieldMissing());
        require(_places[account] == 0, MemberKnown());
        require(_members.length < MEMBERS_MAX, MemberLimit());
        _members.push(account);
        _places[account] = _members.length;
    }

    function _removeMember(address account) internal {
        uint256 place = _places[account];
        require(place != 0, MemberUnknown());
        require(_members.length > 1, LastMember());
        address last = _members[_members.length - 1];
        _members[place - 1] = last;
        _places[last] = place;
        _members.pop();
        delete _places[account]; // after the move: account may itself be the last
    }
}
