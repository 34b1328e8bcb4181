"""A small city for tests: 3 hospitals, 30 patients, two days in which much happens."""

VILLAGE = """\
wardnet: 1
name: village
run: {seed: 4, until: 60h, epoch: 2026-01-05T00:00:00Z}
chain: {period: 5m, executor: py-evm}
records: {sharing: {t: 2, n: 3}, timezone: Asia/Kolkata}
network: {validators: 3}
actors: {doctors: 6, patients: 30, labs: 3}
lives:
  {from: 2h, span: 50h, enrol: 8h, chronic: 0.5, revoked: 0.6,
   rates: {visit: 200/y, control: 200/y, own_read: 60/y, move: 30/y, rotation: 20/y},
   shares: {lab: 0.4, referral: 0.4, second_opinion: 0.4, refusal: 0.1}}
expect:
  - {always: heads_agree}
  - {always: grant_window_respected}
  - {never: plaintext_leak}
  - {eventually: {lives_done: {ratio: 0.97}}}
"""
