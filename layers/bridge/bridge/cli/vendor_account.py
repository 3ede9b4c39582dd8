"""A client of the vendor's API for the doctor. It returns whole responses, including errors."""

import json
import re
import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple

import requests

from bridge.cli import vendor_assumptions as assumed
from bridge.cli.secrets_client import secrets_client
from bridge.outbound.deadline import within
from bridge.outbound.session import Session
from bridge.vendor.client import PATH
from bridge.vendor.credentials import are_usable, headers_in

# The request for the link, which nobody opens.
LINK_REQUEST = {
    "type": "00",
    "id_country": "MYS",
    "id_type": "ID_CARD",
    "redirect_url": "https://example.com/return/doctor",
}

# Seconds for one exchange, and to connect.
BUDGET = 20.0
CONNECT_TIMEOUT = 5.0

Credentials = Mapping[str, str]


class CannotCompare(Exception):
    """The comparison is not possible. The text gives the reason, and contains no response value or credential."""


class Response(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def interpretation(self) -> str:
        return assumed.interpretation(self.status, self.body)

    @property
    def summary(self) -> str:
        media_type = self.headers.get("Content-Type", "no Content-Type").partition(";")[0]
        shown = media_type if re.fullmatch(r"[a-z]+/[a-z0-9.+-]{1,40}", media_type) else "another Content-Type"
        return f"HTTP {self.status}, {shown}, {assumed.json_shape(self.body)}"


class VendorAccount:
    """The vendor's API at `api_url`, called with the credentials of one account."""

    def __init__(self, api_url: str, credentials: Credentials) -> None:
        if not re.match(r"https://|http://(localhost|127\.0\.0\.1)(:|/|$)", api_url):
            raise CannotCompare("EKYC_API_URL must begin with https://")
        self._url = api_url.rstrip("/") + PATH
        self._credentials = credentials
        self._session = Session()

    def create(self) -> Response:
        return self._exchange("POST", self._url, self._credentials, LINK_REQUEST)

    def get(self, token: str) -> Response:
        return self._exchange("GET", f"{self._url}/{token}", self._credentials)

    def get_with_wrong_credentials(self, token: str) -> Response:
        wrong = {**self._credentials, "client_secret": "sk_" + secrets.token_hex(32)}
        return self._exchange("GET", f"{self._url}/{token}", wrong)

    def _exchange(self, method: str, url: str, credentials: Credentials, body: Any = None) -> Response:
        headers = {**credentials, "Accept": "application/json", "Accept-Encoding": "identity"}
        try:
            with within(BUDGET):
                response = self._session.request(
                    method, url, json=body, headers=headers, timeout=(CONNECT_TIMEOUT, BUDGET), allow_redirects=False
                )
        except requests.RequestException as error:
            # Not chained: the text quotes the URL, which contains the token.
            raise CannotCompare(f"{method}: no response ({type(error).__name__})") from None
        return Response(response.status_code, response.headers, response.content)


def credentials_from(environment: Mapping[str, str], secret: str | None) -> Credentials:
    """The two headers by the vendor's names. Raises CannotCompare if one is missing or is not a valid header value."""
    names = {"client_id": "EKYC_CLIENT_ID", "client_secret": "EKYC_CLIENT_SECRET"}
    value = _secret_value(secret) if secret else {name: environment.get(each) for name, each in names.items()}
    credentials = headers_in(value)
    if not are_usable(credentials):
        where = "the secret" if secret else "EKYC_CLIENT_ID and EKYC_CLIENT_SECRET"
        raise CannotCompare(f"{where} must hold a client_id and a client_secret in printable ASCII")
    return credentials


def _secret_value(arn: str) -> Mapping[str, Any]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        value = json.loads(secrets_client(arn).get_secret_value(SecretId=arn)["SecretString"])
    except (BotoCoreError, ClientError, KeyError, ValueError) as error:
        raise CannotCompare(f"the secret cannot be read ({type(error).__name__})") from None
    return value if isinstance(value, dict) else {}
