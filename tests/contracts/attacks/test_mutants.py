"""Evidence that the attacks bite: with a rule taken out of the source, its attack succeeds.

Each mutant is one contract compiled with one line changed, put in the place of the real one in a
world of its own; the test that holds the rule must then fail.  Needs Node.js and the pinned npm
compiler.
"""

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from node.contracts import deploy
from node.contracts.compile import Artifact, load_artifact
from tests.contracts import test_emergencies, test_immunity
from tests.contracts import test_research_payments as payments
from tests.contracts.attacks import (
    test_escrow,
    test_front_running,
    test_reentrancy,
    test_roles,
    test_signatures,
    test_timestamps,
)
from tests.contracts.slither.findings import COMPILER, CONTRACTS, standard_json
from tests.contracts.studies import with_researcher
from tests.contracts.world import World, peopled

pytestmark = [pytest.mark.judge, pytest.mark.slow]


@dataclass(frozen=True)
class Mutant:
    contract: str
    source: str
    rule: str
    """A text that stands once in the source."""
    instead: str
    attack: Callable[..., object]
    arguments: tuple[object, ...] = ()


MUTANTS = (
    Mutant(
        "GovernmentRegistry",
        "Authority",
        ": 2 * votes > _members.length;",
        ": 2 * votes >= _members.length;",
        lambda _world: test_immunity.test_two_of_four_do_not_evict_a_member(),
    ),
    Mutant(
        "GovernmentRegistry",
        "Authority",
        "require(block.timestamp < p.deadline, ProposalExpired());",
        "require(block.timestamp <= p.deadline, ProposalExpired());",
        test_timestamps.test_proposal_takes_votes_before_its_deadline_only,
        (0, "ProposalExpired"),
    ),
    Mutant(
        "GovernmentRegistry",
        "Authority",
        "require(_places[msg.sender] != 0, NotAuthorityMember());",
        "",
        test_roles.test_stranger_neither_proposes_nor_votes,
    ),
    Mutant(
        "GovernmentRegistry",
        "KeyRotation",
        "require(signer == key && key != address(0), ProofOfPossession());",
        "require(signer != address(0), ProofOfPossession());",
        test_signatures.test_rotation_signed_elsewhere_is_refused,
        ("chain",),
    ),
    Mutant(
        "DoctorRegistry",
        "DoctorRegistry",
        "block.timestamp >= d >> AT_SUSPENDED",
        "block.timestamp + 1 >= d >> AT_SUSPENDED",
        test_timestamps.test_suspension_ends_at_its_second,
        (-1, "DoctorNotActive"),
    ),
    Mutant(
        "ConsentRegistry",
        "ConsentRegistry",
        "require(uint256(s) <= HALF_N, ConsentSignature());",
        "",
        test_signatures.test_twin_of_a_signature_is_refused,
    ),
    Mutant(
        "ConsentRegistry",
        "ConsentRegistry",
        "require(_recover(grantId, signature) == patient, ConsentSignature());",
        "_recover(grantId, signature);",
        test_signatures.test_consent_signed_for_another_chain_or_contract_is_no_consent,
    ),
    Mutant(
        "ConsentRegistry",
        "ConsentRegistry",
        "require(nonce == expected, ConsentNonce(expected));",
        "",
        test_signatures.test_revoked_consent_stays_revoked,
    ),
    Mutant(
        "ConsentRegistry",
        "ConsentRegistry",
        "require(pmrId == 0 || pmrId / DATE_FACTOR == patientId, NotPatient());",
        "",
        test_front_running.test_patient_consents_to_the_own_records_only,
    ),
    Mutant(
        "ConsentRegistry",
        "GrantLists",
        "<= at && at < uint40(word >> AT_UNTIL)",
        "<= at && at <= uint40(word >> AT_UNTIL)",
        test_timestamps.test_grant_closes_at_its_end,
        (0, False),
    ),
    Mutant(
        "ConsentRegistry",
        "Complaints",
        "require(msg.sender == address(GOVERNMENT), NotGovernment());",
        "",
        test_roles.test_member_alone_ends_no_grant,
    ),
    Mutant(
        "ConsentRegistry",
        "Emergencies",
        "            e.until = until;\n",
        "",
        test_emergencies.test_what_was_no_emergency_ends_with_its_review,
    ),
    Mutant(
        "PatientRegistry",
        "Recoveries",
        "require(msg.sender != guardianOf[patientId], GuardianUnfit());",
        "",
        test_roles.test_hospital_does_not_recover_a_patient_as_its_guardian,
    ),
    Mutant(
        "PatientRegistry",
        "Recoveries",
        "require(r.newAccount == newAccount && r.newKey == newKey, RecoveryDiffers());",
        "",
        test_front_running.test_guardian_does_not_swap_the_account_under_a_confirmation,
    ),
    Mutant(
        "PatientRegistry",
        "PatientRegistry",
        "require(_keys[account] == 0, AccountRetired());",
        "",
        test_signatures.test_left_account_does_not_come_back_for_its_old_signatures,
    ),
    Mutant(
        "PmrToken",
        "PmrToken",
        "require(_ownerOf(pmrId) == address(0), TokenLocked());",
        "",
        test_reentrancy.test_token_is_not_sent_to_a_receiver,
    ),
    Mutant(
        "PmrToken",
        "PmrToken",
        "        _mint(patient, pmrId);",
        "        _safeMint(patient, pmrId);",
        test_reentrancy.test_no_party_is_given_control,
        (test_reentrancy.token_is_minted_to_a_contract,),
    ),
    Mutant(
        "ResearchPool",
        "ResearchPool",
        """        p.standing = Standing.Paid;
        emit Paid(studyId, patientId, msg.sender, amount);
        _send(amount);
""",
        """        _send(amount);
        p.standing = Standing.Paid;
        emit Paid(studyId, patientId, msg.sender, amount);
""",
        test_escrow.test_payee_that_calls_back_is_paid_once,
        (*test_escrow.PAYEES[0], "payOut"),
    ),
    Mutant(
        "CustodyLedger",
        "CustodyLedger",
        "require(!HOSPITALS.isActive(from), CustodianActive());",
        "",
        test_roles.test_member_does_not_unseat_a_custodian_that_serves,
    ),
    Mutant(
        "ResearchPool",
        "ResearchPool",
        """\
        p.standing = Standing.Paid;
        emit Paid(studyId, patientId, msg.sender, amount);
        _send(amount);
""",
        """\
        emit Paid(studyId, patientId, msg.sender, amount);
        _send(amount);
        p.standing = Standing.Paid;
""",
        lambda world: payments.test_a_payee_that_calls_again_gets_nothing_more(
            with_researcher(world)
        ),
    ),
    Mutant(
        "ResearchPool",
        "ResearchPool",
        "        s.refunded = true;\n",
        "",
        lambda world: payments.test_unused_places_are_refunded_once(with_researcher(world)),
    ),
    Mutant(
        "ResearchPool",
        "ResearchPool",
        "        if (!_failed(s)) unused -= s.participants;\n",
        "",
        lambda world: payments.test_unused_places_are_refunded_once(with_researcher(world)),
    ),
)


@pytest.fixture(scope="module", autouse=True)
def compiler() -> None:
    if shutil.which("node") is None or not (CONTRACTS / "node_modules" / "solc").exists():
        pytest.skip("mutants are compiled: needs Node.js and `npm ci` in node/contracts")


def compiled(contract: str, changed: dict[str, str]) -> bytes:
    """Give the initcode of a contract, compiled with some sources changed."""
    request = standard_json()
    for source, text in changed.items():
        request["sources"][f"sources/{source}.sol"]["content"] = text
    place = f"sources/{contract}.sol"
    request["settings"]["outputSelection"] = {place: {contract: ["evm.bytecode.object"]}}
    done = subprocess.run(
        [COMPILER, "--standard-json"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    failed = [e for e in answer.get("errors", ()) if e["severity"] == "error"]
    assert not failed, failed
    return bytes.fromhex(answer["contracts"][place][contract]["evm"]["bytecode"]["object"])


@pytest.fixture
def in_place(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, bytes], None]:
    def put(contract: str, code: bytes) -> None:
        def load(name: str) -> Artifact:
            real = load_artifact(name)
            return replace(real, bytecode=code) if name == contract else real

        monkeypatch.setattr(deploy, "load_artifact", load)

    return put


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.attack.__name__)
def test_attack_succeeds_without_its_rule(
    mutant: Mutant, in_place: Callable[[str, bytes], None]
) -> None:
    text = (CONTRACTS / "sources" / f"{mutant.source}.sol").read_text("utf-8")
    assert text.count(mutant.rule) == 1, f"{mutant.source}.sol has changed: {mutant.rule}"
    changed = {mutant.source: text.replace(mutant.rule, mutant.instead)}
    in_place(mutant.contract, compiled(mutant.contract, changed))
    world: World = peopled()
    with pytest.raises(AssertionError):
        mutant.attack(world, *mutant.arguments)


def test_attacks_fail_on_the_contract_as_it_is(in_place: Callable[[str, bytes], None]) -> None:
    """The same way of building: what the mutants show is the missing rule and nothing else."""
    in_place("PatientRegistry", compiled("PatientRegistry", {}))
    for mutant in MUTANTS:
        if mutant.contract == "PatientRegistry":
            mutant.attack(peopled(), *mutant.arguments)
