"""Who is sent webhooks: `python -m bridge.cli.webhooks add|rotate|remove|list|enable …`.

    add crm https://crm.example.com/hook [--events TYPE …] [--principal NAME] [--secret ARN]
    rotate crm --secret ARN [--finish]    a second secret beside the first; --finish drops the older one
    remove crm --secret ARN
    list --secret ARN [--table NAME]
    enable crm --table NAME               after a response 410

Run it where the stack's WebhookEndpointsSecret (docs/operations.md has the permissions), and the table of endpoints,
may be written. An endpoint's own secret (`whsec_…`) is shown once, by `add` and `rotate`. Without --secret, `add`
prints the entry to put there.
"""

import argparse
import base64
import json
import secrets
import sys
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from bridge.aws.clients import client
from bridge.cli.endpoints_secret import EndpointsSecret, Entry
from bridge.cli.secrets_client import secrets_client
from bridge.domain.events import TYPES
from bridge.domain.webhooks import SECRET_PREFIX, is_name, parse_endpoints
from bridge.store.endpoints import EndpointSwitches

_DELAY = "It takes effect within five minutes."


def new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def make(name: str, url: str, events: Sequence[str], principal: str | None) -> Entry:
    """A new entry of the secret. Ends the command where deliver would not take it."""
    entry: Entry = {"name": name, "url": url, "secrets": [new_secret()]}
    entry |= {"events": list(events)} if events else {}
    entry |= {"principal": principal} if principal is not None else {}
    for problem in parse_endpoints({"endpoints": [entry]}).malformed.values():
        types = f" There are the types {', '.join(TYPES)}." if "events" in problem else ""
        sys.exit(f"{problem}.{types} Nothing was changed.")
    return entry


def add(chosen: argparse.Namespace) -> None:
    entry = make(chosen.name, chosen.url, chosen.events, chosen.principal)
    if chosen.secret:
        was_there = _secret(chosen).replace(chosen.name, entry)
        done = "Replaced, with a new secret." if was_there else "Added."
        sys.stderr.write(f"{done} {_DELAY} Its secret, which is shown only now:\n")
        sys.stdout.write(f"{entry['secrets'][0]}\n")
    else:
        sys.stderr.write("Put this among the endpoints of WebhookEndpointsSecret; it holds the endpoint's secret:\n")
        sys.stdout.write(f"{json.dumps(entry)}\n")


def rotate(chosen: argparse.Namespace) -> None:
    made = new_secret()
    _secret(chosen).set_secrets(chosen.name, lambda present: _rotated(chosen, present, made))
    if chosen.finish:
        sys.stderr.write(f"The older secret is dropped. {_DELAY}\n")
        return
    sys.stderr.write(f"Webhooks are signed with both secrets now. {_DELAY} The new one, which is shown only now:\n")
    sys.stdout.write(f"{made}\n")


def _rotated(chosen: argparse.Namespace, present: Sequence[str], made: str) -> Sequence[str]:
    if chosen.finish and len(present) < 2:
        sys.exit(f"{chosen.name} has one secret only. Run this without FINISH first; nothing was changed.")
    if not chosen.finish and len(present) > 1:
        sys.exit(f"{chosen.name} has two secrets already. Finish that rotation first (FINISH=1); nothing was changed.")
    return present[:1] if chosen.finish else [made, *present]


def remove(chosen: argparse.Namespace) -> None:
    if not _secret(chosen).replace(chosen.name, None):
        sys.exit(f"There is no endpoint {chosen.name}.")
    sys.stderr.write(f"Removed. {_DELAY} What still waits for it goes to the dead-letter queue.\n")


def show(chosen: argparse.Namespace) -> None:
    """Each endpoint by its name, without its secrets, and without the path of its URL, which may hold one."""
    endpoints = parse_endpoints({"endpoints": _secret(chosen).read()})
    switches = EndpointSwitches(client("dynamodb"), chosen.table) if chosen.table else None
    for name, each in endpoints.by_name.items():
        events, of = " ".join(sorted(each.events or ["all"])), each.principal or "all"
        off = " OFF: it responded 410" if switches and switches.is_disabled(name) else ""
        host = f"https://{urlsplit(each.url).netloc}"
        print(f"{name}: {host} events: {events} principal: {of} secrets: {len(each.secrets)}{off}")
    for name, problem in (endpoints.malformed | endpoints.unnamed).items():
        print(f"{name}: OFF: {problem}")
    if not any(endpoints):
        sys.stderr.write("There are no endpoints.\n")


def enable(chosen: argparse.Namespace) -> None:
    switches = EndpointSwitches(client("dynamodb"), chosen.table)
    if not switches.is_disabled(chosen.name):
        sys.exit(f"{chosen.name} is not off because of a 410. `make webhooks` lists the endpoints.")
    switches.enable(chosen.name)
    sys.stderr.write(f"{chosen.name} is on within half a minute. Send what was set aside again: make redeliver\n")


def _secret(chosen: argparse.Namespace) -> EndpointsSecret:
    return EndpointsSecret(secrets_client(chosen.secret), chosen.secret)


def _name(text: str) -> str:
    if not is_name(text):
        raise argparse.ArgumentTypeError("must be 1 to 40 of a-z, 0-9 and -")
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bridge.cli.webhooks", description="Who is sent webhooks.")
    commands = parser.add_subparsers(required=True, metavar="add|rotate|remove|list|enable")

    def command(
        name: str, run: Callable[[argparse.Namespace], None], *, secret: bool | None
    ) -> argparse.ArgumentParser:
        its = commands.add_parser(name)
        its.set_defaults(run=run)
        if secret is not None:
            its.add_argument("--secret", required=secret, help="ARN of WebhookEndpointsSecret, an output of the stack")
        if name != "list":
            its.add_argument("name", type=_name, help="1 to 40 of a-z, 0-9 and -")
        return its

    adding = command("add", add, secret=False)
    adding.add_argument("url", help="https, on port 443 or 8443 of a public host")
    adding.add_argument("--events", nargs="+", default=[], metavar="TYPE", help="all types if left out")
    adding.add_argument("--principal", help="whose verifications; everybody's if left out")
    command("rotate", rotate, secret=True).add_argument("--finish", action="store_true", help="drop the older secret")
    command("remove", remove, secret=True)
    command("list", show, secret=True).add_argument("--table", help="output EndpointsTableName, to see which are off")
    command("enable", enable, secret=None).add_argument("--table", required=True, help="output EndpointsTableName")
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    chosen = _parser().parse_args(arguments)
    chosen.run(chosen)


if __name__ == "__main__":
    main()
