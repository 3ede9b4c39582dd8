"""Makes an API key: `python -m bridge.cli.api_keys PRINCIPAL [--secret ARN] [SCOPE …]`.

The key is shown once, and kept nowhere: the secret holds its SHA-256, which is enough, as 256 random bits cannot be
guessed. Run it where the stack's ApiKeysSecret may be written; without --secret it prints the entry to put there.
"""

import argparse
import hashlib
import json
import secrets
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bridge.auth.access_tokens import SUBJECT
from bridge.domain.caller import READ, SCOPES, WRITE

Entry = dict[str, Any]


def make(principal: str, scopes: Sequence[str], expires_at: str | None = None) -> tuple[str, Entry]:
    """A new key, and what the secret holds of it."""
    key = "ek_" + secrets.token_urlsafe(32)
    sha256 = hashlib.sha256(key.encode()).hexdigest()
    entry: Entry = {"key_id": key[-4:], "sha256": sha256, "principal": principal, "scopes": list(scopes)}
    return key, entry | ({"expires_at": expires_at} if expires_at else {})


def add(client: Any, secret: str, entry: Entry) -> None:
    """Adds an entry to the keys in the secret; the others stay as they are. A malformed secret ends the command."""
    try:
        value = json.loads(client.get_secret_value(SecretId=secret)["SecretString"])
        value["keys"].append(entry)
    except (ValueError, TypeError, KeyError, AttributeError):
        sys.exit('The secret is not a JSON object with a list "keys". Repair it first; nothing was changed.')
    client.put_secret_value(SecretId=secret, SecretString=json.dumps(value))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="bridge.cli.api_keys", description="Makes an API key.")
    parser.add_argument("principal", help="whose verifications it may see, such as web or mobile")
    parser.add_argument("scopes", nargs="*", metavar="scope", help=f"of {', '.join(SCOPES)}; {WRITE} {READ} if none")
    parser.add_argument("--secret", help="ARN of ApiKeysSecret, an output of the stack, to add the key to")
    parser.add_argument(
        "--expires", metavar="TIME", help="with a zone, such as 2027-01-31T00:00:00Z; never if left out"
    )
    # Intermixed: options may stand between the principal and the scopes, as in `make api-key`.
    chosen = parser.parse_intermixed_args(arguments)
    if not chosen.principal or chosen.principal.startswith(SUBJECT):
        parser.error(f"principal must not be empty, nor begin with {SUBJECT}, as those of access tokens do")
    if chosen.expires and not _has_a_zone(chosen.expires):
        parser.error("--expires must be a time with a zone, such as 2027-01-31T00:00:00Z")
    if unknown := set(chosen.scopes) - set(SCOPES):
        parser.error(f"unknown scope {', '.join(sorted(unknown))}; there are {', '.join(SCOPES)}")
    key, entry = make(chosen.principal, chosen.scopes or (WRITE, READ), chosen.expires)
    if chosen.secret:
        import boto3

        # arn:aws:secretsmanager:REGION:…; the secret may lie elsewhere than where this runs by default.
        region = chosen.secret.split(":")[3] if chosen.secret.startswith("arn:") else None
        add(boto3.client("secretsmanager", region_name=region), chosen.secret, entry)
        sys.stderr.write("Added. It works within five minutes. The key, which is shown only now:\n")
    else:
        sys.stderr.write(f"Put this among the keys of ApiKeysSecret:\n{json.dumps(entry)}\nThe key, shown only now:\n")
    sys.stdout.write(f"{key}\n")


def _has_a_zone(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


if __name__ == "__main__":
    main()
