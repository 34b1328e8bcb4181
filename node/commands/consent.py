"""``wardnet consent``: what patients sign, show and look up."""

import typer

from node.commands import consent_codes, consent_list, consent_sign

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Sign a Consent offline, show and scan codes, list who may read what.",
)
app.command("sign")(consent_sign.sign)
app.command("show-qr")(consent_codes.show_qr)
app.command("scan")(consent_codes.scan)
app.command("list")(consent_list.list_grants)
