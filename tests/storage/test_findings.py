from node.base.limits import FINDINGS_COUNT_MAX
from node.storage.findings import Finding, Findings


def test_a_finding_reads_as_a_sentence():
    assert str(Finding("tx", "0xab", "missing for block 3")) == "tx: 0xab: missing for block 3"


def test_values_that_agree_are_no_finding():
    findings = Findings()
    findings.expect("header", "k", "the number", 1, 1)
    findings.expect("header", "k", "the number", 1, 2)
    findings.expect("header", "k", "the parent", b"\x01", b"\x02")
    assert [finding.problem for finding in findings.found] == [
        "the number is 2, wants 1",
        "the parent is 0x02, wants 0x01",
    ]


def test_the_list_is_bounded_and_says_so():
    findings = Findings()
    for number in range(FINDINGS_COUNT_MAX):
        findings.add("tx", str(number), "x")
    assert not findings.is_cut
    findings.add("tx", "one more", "x")
    assert (len(findings.found), findings.is_cut) == (FINDINGS_COUNT_MAX, True)
