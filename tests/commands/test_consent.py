from tests.commands.consent_play import run


def test_help_names_every_command(capsys):
    code, said, _ = run(capsys, "--help")
    assert code == 0
    assert all(name in said for name in ("sign", "show-qr", "scan", "list"))
