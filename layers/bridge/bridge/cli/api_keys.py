"""Creates an API key: `python -m bridge.cli.api_keys PRINCIPAL [--secret ARN] [SCOPE …]`.

The key is printed once and stored nowhere. The secret holds its SHA-256; a slow hash is not needed, because the key has
256 random bits. With --secret, the command changes the stack's ApiKeysSecret (docs/operations.md has the permissions
that it needs). Without it, the command prints the entry to add.
"""

import argparse
import hashlib
import json
import secrets
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bridge.cli.secret_document import SecretDocument
from bridge.cli.secrets_client import secrets_client
from bridge.domain.caller import JWT_PRINCIPAL_PREFIX, READ, SCOPES, WRITE

Entry = dict[str, Any]


def make(principal: str, scopes: Sequence[str], expires_at: str | None = None) -> tuple[str, Entry]:
    """A new key, and its entry for the secret."""
    key = "ek_" + secrets.token_urlsafe(32)
    sha256 = hashlib.sha256(key.encode()).hexdigest()
    entry: Entry = {"key_id": key[-4:], "sha256": sha256, "principal": principal, "scopes": list(scopes)}
    return key, entry | ({"expires_at": expires_at} if expires_at else {})


def add(client: Any, secret: str, entry: Entry) -> None:
    """Appends an entry to the keys in the secret."""
    SecretDocument(client, secret, "keys").edit(lambda keys: [*keys, entry])


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="bridge.cli.api_keys", description="Creates an API key.")
    parser.add_argument("principal", help="owner of the verifications that the key may see, such as web or mobile")
    parser.add_argument(
        "scopes", nargs="*", metavar="scope", help=f"any of {', '.join(SCOPES)}; default: {WRITE} {READ}"
    )
    parser.add_argument("--secret", help="ARN of the secret to add the key to: output ApiKeysSecretArn of the stack")
    parser.add_argument(
        "--expires", metavar="TIME", help="expiry with a time zone, such as 2030-01-31T00:00:00Z; default: never"
    )
    # Intermixed: `make api-key` passes options between the principal and the scopes.
    chosen = parser.parse_intermixed_args(arguments)
    if not chosen.principal or chosen.principal.startswith(JWT_PRINCIPAL_PREFIX):
        parser.error(f"principal must not be empty, and must not begin with {JWT_PRINCIPAL_PREFIX}")
    if chosen.expires and not _is_to_come(chosen.expires):
        parser.error("--expires must be a time in the future with a time zone, such as 2030-01-31T00:00:00Z")
    if unknown := set(chosen.scopes) - set(SCOPES):
        parser.error(f"unknown scope {', '.join(sorted(unknown))}; known scopes: {', '.join(SCOPES)}")
    key, entry = make(chosen.principal, chosen.scopes or (WRITE, READ), chosen.expires)
    if chosen.secret:
        add(secrets_client(chosen.secret), chosen.secret, entry)
        sys.stderr.write("Added. The key works within five minutes. It is shown only once:\n")
    else:
        sys.stderr.write(f"Add this to the keys of ApiKeysSecret:\n{json.dumps(entry)}\nThe key, shown only once:\n")
    sys.stdout.write(f"{key}\n")


def _is_to_come(text: str) -> bool:
    """False also for a time without a time zone, which Python compares with no other."""
    try:
        return datetime.fromisoformat(text) > datetime.now(UTC)
    except (ValueError, TypeError):
        return False


if __name__ == "__main__":
    main()
