"""Compares a real vendor account with what the bridge assumes: `python -m bridge.cli.doctor [--secret ARN]`.

It creates one link, which nobody opens, and reads its record. Then it reads with an unknown token, and with wrong
credentials. It prints field names, JSON types and HTTP statuses, but no credential, token, URL or other value.

The credentials are in EKYC_CLIENT_ID and EKYC_CLIENT_SECRET, or in the secret of a stack. EKYC_API_URL is the vendor's
base URL. Exit codes: 0 for no difference, 1 for a difference, 2 if the vendor could not be reached.
"""

import argparse
import json
import os
import secrets
import string
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeGuard

from bridge.cli import vendor_assumptions as assumed
from bridge.cli.vendor_account import LINK_REQUEST, CannotCompare, Response, VendorAccount, credentials_from
from bridge.vendor.client import TOKEN, URL

API_URL = "https://service.maschain.com"

# Errors that depend on the vendor's current state, and not on the bridge's assumptions.
_TEMPORARY = ("VendorUnavailable", "VendorRateLimited", "VendorTimeout")


class Comparison:
    """Compares one account. Calls `say` with a line for each observation and each difference, and counts the latter."""

    def __init__(self, account: VendorAccount, say: Callable[[str], None]) -> None:
        self._account = account
        self._say = say
        self.differences = 0

    def run(self) -> None:
        """Runs all comparisons. Raises CannotCompare if the vendor does not respond usefully."""
        created = self._account.create()
        if created.interpretation in (*_TEMPORARY, "VendorCredentials"):
            raise CannotCompare(f"POST: {created.summary}, which the bridge takes for {created.interpretation}")
        link = self._result("POST", created)
        self._report("POST", _link_differences(link))
        token = link.get("token")
        if not _is_token(token):
            return
        self._read(token)
        self._compare_error("wrong token", self._account.get(_unknown_token(token)), "VendorRejected")
        self._compare_error("wrong credentials", self._account.get_with_wrong_credentials(token), "VendorCredentials")

    def _read(self, token: str) -> None:
        read = self._account.get(token)
        if read.interpretation in _TEMPORARY:
            raise CannotCompare(f"GET: {read.summary}, which the bridge takes for {read.interpretation}")
        record = self._result("GET", read)
        if record:
            self._report("GET", assumed.record_differences(record, token=token, sent=LINK_REQUEST))

    def _result(self, method: str, response: Response) -> Mapping[str, Any]:
        """The `result` of a response that should be a success; empty if it is absent."""
        self._say(f"seen     {method}: {response.summary}")
        self._say(f"seen     {method}: headers {', '.join(sorted(map(assumed.printable_name, response.headers)))}")
        if response.interpretation != "success":
            self._report(method, [f"the bridge takes the response for {response.interpretation}"])
        self._report(method, assumed.header_differences(response.headers))
        body = _object(response.body)
        self._report(method, assumed.envelope_differences(body))
        result = body.get("result")
        return result if isinstance(result, dict) else {}

    def _compare_error(self, case: str, response: Response, expected: str) -> None:
        if response.interpretation == "VendorRateLimited":
            raise CannotCompare(f"{case}: {response.summary}")
        self._say(f"seen     {case}: {response.summary}")
        if response.interpretation != expected:
            self._report(case, [f"the bridge takes the response for {response.interpretation}, not for {expected}"])

    def _report(self, where: str, differences: Iterable[str]) -> None:
        for difference in differences:
            self.differences += 1
            self._say(f"differs  {where}: {difference}")


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _link_differences(link: Mapping[str, Any]) -> list[str]:
    """How the `result` of POST differs from `{"url": …, "token": …}`."""
    url = link.get("url")
    differences = [f"{assumed.printable_name(member)} is unknown" for member in sorted(link.keys() - {"url", "token"})]
    if not _is_token(link.get("token")):
        differences.append("token is missing, or contains characters other than letters, digits, _ and -")
    if not (isinstance(url, str) and URL.fullmatch(url)):
        differences.append("url is missing or not a URL")
    return differences


def _is_token(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and bool(TOKEN.fullmatch(value))


def _unknown_token(token: str) -> str:
    """A random token of the same length, which no link has."""
    return "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in token)


def main(arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ) -> int:
    parser = argparse.ArgumentParser(
        prog="bridge.cli.doctor", description="Compares the vendor with the bridge's assumptions."
    )
    parser.add_argument("--secret", help="ARN of EkycCredentialsSecret, an output of the stack")
    chosen = parser.parse_args(arguments)
    try:
        credentials = credentials_from(environment, chosen.secret)
        account = VendorAccount(environment.get("EKYC_API_URL") or API_URL, credentials)
        comparison = Comparison(account, lambda line: print(line, flush=True))
        comparison.run()
    except CannotCompare as problem:
        print(f"The comparison failed. {problem}", file=sys.stderr)
        return 2
    found = comparison.differences
    print(f"Differences: {found}" if found else "Nothing differs from what the bridge assumes.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
