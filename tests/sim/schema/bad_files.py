"""A table of bad scenario files: each kind of fault with its exact line and column."""

from tests.sim.schema.texts import CAST, HEAD, VISIT

BAD_FILES = {  # name: (text, the fault as line:column path: message)
    "empty file": ("", "1:1 wants a mapping with the key wardnet, got an empty file"),
    "only a comment": ("# c\n", "1:1 wants a mapping with the key wardnet, got an empty file"),
    "a list": ("- a\n", "1:1 wants a mapping with the key wardnet, got a list"),
    "a word": ("word\n", '1:1 wants a mapping with the key wardnet, got "word"'),
    "no YAML": (HEAD + "a: b: c\n", "3:5 wants YAML, got mapping values are not allowed here"),
    "control character": (
        HEAD + "title: \x1b[2J\n",
        "3:8 wants printable characters and plain line ends, got U+001B",
    ),
    "rare line break": (
        HEAD + "title: a\u2028b\n",
        "3:9 wants printable characters and plain line ends, got U+2028",
    ),
    "anchor": (HEAD + "title: &a b\n", "3:8 title: wants no anchors, got &a"),
    "anchor at a key": (HEAD + "&a title: b\n", "3:1 wants no anchors, got &a"),
    "alias": (HEAD + "tags: [*a]\n", "3:8 tags[0]: wants a value written out, got the alias *a"),
    "merge key": (
        HEAD + "run: {<<: {seed: 1}}\n",
        "3:7 run: wants keys written out, got the merge key <<",
    ),
    "tag": (HEAD + "title: !!str 7\n", "3:8 title: wants no tags, got !!str"),
    "own tag": (HEAD + "title: !x 7\n", "3:8 title: wants no tags, got !x"),
    "YAML 1.1": ("%YAML 1.1\n---\n" + HEAD, '1:1 wants no directives, got "%YAML"'),
    "unknown directive": ("# c\n%FOO x\n---\n" + HEAD, '2:1 wants no directives, got "%FOO"'),
    "duplicate key": (HEAD + "name: y\n", '3:1 "name" appears twice (first at 2:1)'),
    "duplicate nested key": (
        HEAD + "run: {seed: 1, seed: 2}\n",
        '3:16 "seed" appears twice (first at 3:7)',
    ),
    "complex key": (
        HEAD + "run:\n  ? [a]\n  : 1\n",
        "4:5 run: wants a key that is one word, got an alias, a list or a mapping",
    ),
    "second document": (HEAD + "---\na: 1\n", "3:1 wants one document, got a second one"),
    "too deep": (
        HEAD + "tags: " + "[" * 12 + "]" * 12 + "\n",
        "3:18 tags[0][0][0][0][0][0][0][0][0][0][0]: wants at most 12 levels, got a deeper one",
    ),
    "surrogate": (
        HEAD + 'title: "\\ud800"\n',
        "3:8 title: wants text that UTF-8 can hold, got a surrogate",
    ),
    "missing key": ("name: x\n", "1:1 wardnet: wants this key, got nothing"),
    "missing key of a step": (
        CAST + "steps:\n  - do: register_patient\n",
        "5:5 steps[0].patient: wants this key, got nothing",
    ),
    "other version": ("wardnet: 2\nname: x\n", "1:1 wardnet: wants 1, got 2"),
    "unknown key": (
        HEAD + "run: {sed: 1}\n",
        '3:7 run.sed: unknown key "sed"; did you mean seed?',
    ),
    "key that is not built": (
        HEAD + "sweep: []\n",
        (
            '3:1 sweep: unknown key "sweep"; keys here: wardnet, name, title, about, tags, refs, '
            "run, chain, records, storage, network, actors, steps, lives, faults, chaos, "
            "expect, verdicts"
        ),
    ),
    "engine that nobody has": (
        HEAD + "chain: {consensus: raft}\n",
        (
            "3:9 chain.consensus: wants one of qbft, clique, aura, ibft1, "
            'or module:Class of an engine of your own, got "raft"'
        ),
    ),
    "choice": (
        HEAD + "chain: {fork_choice: eip3346}\n",
        (
            '3:9 chain.fork_choice: wants one of td, geth, eip3436, got "eip3346"; '
            "did you mean eip3436?"
        ),
    ),
    "wrong type": (HEAD + "title: 12\n", "3:1 title: wants text, got 12; write it in quotes"),
    "list for mapping": (HEAD + "run: [1]\n", "3:1 run: wants a mapping, got a list"),
    "mapping for list": (HEAD + "steps: {a: 1}\n", "3:1 steps: wants a list, got a mapping"),
    "float for int": (
        HEAD + "run: {seed: 1.5}\n",
        "3:7 run.seed: wants a whole number from 0 to 9223372036854775807, got 1.5",
    ),
    "bool for int": (
        HEAD + "run: {seed: true}\n",
        "3:7 run.seed: wants a whole number from 0 to 9223372036854775807, got true",
    ),
    "seed above the last": (
        HEAD + "run: {seed: 9223372036854775808}\n",
        "3:7 run.seed: wants a whole number from 0 to 9223372036854775807, got 9223372036854775808",
    ),
    "duration without unit": (
        HEAD + "run: {until: 30}\n",
        (
            "3:7 run.until: wants a duration like 250ms or 2s, longer than zero, got 30; "
            "numbers need a unit"
        ),
    ),
    "duration with a strange unit": (
        HEAD + "run: {until: 3w}\n",
        '3:7 run.until: wants a duration like 250ms or 2s, longer than zero, got "3w"',
    ),
    "example of the specification": (
        HEAD + "network:\n  links:\n    - {between: [h0, h1], link: {base: fast}}\n",
        '5:34 network.links[0].link.base: wants a duration like 250ms or 2s, got "fast"',
    ),
    "unknown workflow": (
        CAST + "steps:\n  - do: onboard_doctr\n    doctor: doc-1\n",
        '5:5 steps[0].do: unknown workflow "onboard_doctr"; did you mean onboard_doctor?',
    ),
    "workflow that is not built": (
        CAST + "steps:\n  - do: federate\n",
        '5:5 steps[0].do: unknown workflow "federate"',
    ),
    "step without do": (
        CAST + "steps:\n  - doctor: doc-1\n",
        "5:5 steps[0].do: wants this key, got nothing",
    ),
    "YAML 1.1 boolean": (
        CAST + VISIT + "  - {do: rebuild, record: v, custodians: [h0], essential: no}\n",
        '6:48 steps[1].essential: wants true, false or stolen, got "no"',
    ),
    "unknown predicate": (
        HEAD + "expect:\n  - always: heads_agre\n",
        '4:5 expect[0].always: unknown predicate "heads_agre"; did you mean heads_agree?',
    ),
    "predicate that is not built": (
        HEAD + "expect:\n  - always: {revoked_never_served: {}}\n",
        '4:14 expect[0].always.revoked_never_served: unknown predicate "revoked_never_served"',
    ),
    "unknown key of a predicate": (
        CAST + VISIT + "expect: [{always: {step_ok: {step: v, node: h0}}}]\n",
        '6:39 expect[0].always.step_ok.node: unknown key "node"; keys here: step',
    ),
    "unknown node": (
        HEAD + "steps:\n  - {do: register_hospital, hospital: h4}\n",
        (
            '4:29 steps[0].hospital: wants a node of network.validators, got "h4"; '
            "there are h0, h1, h2, h3"
        ),
    ),
    "unknown actor": (
        CAST + "steps:\n  - {do: onboard_doctor, doctor: doc-3}\n",
        '5:26 steps[0].doctor: wants a doctor of actors.doctors, got "doc-3"; did you mean doc-2?',
    ),
    "doctor of an unknown hospital": (
        HEAD + "actors: {doctors: {d: {hospital: h9}}}\n",
        (
            '3:24 actors.doctors.d.hospital: wants a node of network.validators, got "h9"; '
            "there are h0, h1, h2, h3"
        ),
    ),
    "unknown step": (
        CAST + VISIT + "  - {do: order_lab, doctor: doc-1, pmr: visit, modality: CT}\n",
        '6:36 steps[1].pmr: wants the id of a step consult, got "visit"; there are v',
    ),
    "later step": (
        CAST
        + "steps:\n  - {do: read_record, doctor: doc-1, pmr: v}\n"
        + "  - {do: consult, id: v, doctor: doc-1, patient: pat-1}\n",
        '5:38 steps[0].pmr: wants an earlier step, got "v", a later one, steps[1]',
    ),
    "step of another kind": (
        CAST + VISIT + "  - {do: perform_lab, lab: lab-1, order: v, study: a.dcm}\n",
        '6:35 steps[1].order: wants the id of a step order_lab, got "v", a step consult',
    ),
    "duplicate step id": (
        CAST + VISIT + "  - {do: consult, id: v, doctor: doc-1, patient: pat-1}\n",
        '6:19 steps[1].id: wants an id of its own, got "v" again (first at 5:19)',
    ),
    "actor with a node's name": (
        HEAD + "actors: {labs: {h0: {hospital: h0}}}\nnetwork: {validators: [h0]}\n",
        '3:17 actors.labs.h0: wants an id of its own, got "h0" again (first at 4:24)',
    ),
    "node twice": (
        HEAD + "network: {validators: [a, b, a]}\n",
        '3:30 network.validators[2]: wants an id of its own, got "a" again (first at 3:24)',
    ),
    "after an unknown step": (
        CAST + VISIT.replace("id: v", "id: v, at: {after: w}"),
        '5:31 steps[0].at.after: wants the id of a step, got "w"; there are none',
    ),
    "t above n": (
        HEAD + "records: {sharing: {t: 6, n: 5}}\n",
        "3:21 records.sharing.t: wants t at most n, which is 5, got t = 6",
    ),
    "too few hospitals": (
        HEAD + "records:\n  sharing: {n: 6}\n",
        (
            "4:13 records.sharing.n: wants hospitals for 5 custodian shares, at most 1 each, "
            "got 4, which hold 4; more hospitals, or n of at most 5"
        ),
    ),
    "timeout beyond the end": (
        CAST + VISIT.replace("id: v", "id: v, timeout: 3m"),
        "5:26 steps[0].timeout: wants a timeout that ends by 2m, got 3m at the earliest",
    ),
    "step after the end": (
        CAST + VISIT.replace("id: v", "id: v, at: 2m"),
        "5:26 steps[0].at: wants a time before the end of the run at 2m, got 2m at the earliest",
    ),
    "by after the end": (
        HEAD + "expect:\n  - {eventually: heads_agree, by: 121s}\n",
        "4:31 expect[0].by: wants a time within the run, which ends at 2m, got 121s",
    ),
    "by with always": (
        HEAD + "expect:\n  - {always: heads_agree, by: 20s}\n",
        "4:27 expect[0].by: wants by only with eventually, got always",
    ),
    "error without a refusal": (
        CAST + VISIT.replace("id: v", "id: v, error: X"),
        '5:26 steps[0].error: wants expect: refused or revert beside it, got "X" and expect: ok',
    ),
    "grant without an addressee": (
        CAST + "steps:\n  - {do: grant, patient: pat-1, for: 1h}\n",
        "5:6 steps[0].do: wants either request, or who reads and pmr, got neither",
    ),
}
