"""Access tokens as four providers document them, each with the parameters that docs/identity.md names for it."""

import json
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge.auth import access_tokens
from bridge.auth.access_tokens import Issuer
from bridge.auth.jwks import KeySet
from bridge.domain.caller import READ, WRITE
from bridge.settings import Settings
from tests.sandbox.signing import jwk, signed

PAGE = (Path(__file__).parents[2] / "docs/identity.md").read_text(encoding="utf-8")
KEYS = KeySet(lambda: json.dumps({"keys": [jwk("rsa-1")]}).encode())
NOW = int(time.time())
TIMES = {"iat": NOW, "exp": NOW + 3600}

TENANT = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
API, CLIENT = "00001111-aaaa-2222-bbbb-3333cccc4444", "11112222-bbbb-3333-cccc-4444dddd5555"


def without(claims: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if name not in names}


# https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
COGNITO = Issuer(
    "https://cognito-idp.us-west-2.amazonaws.com/us-west-2_example",
    ("57cbishk4j24pabc1234567890",),
    ("RS256",),
    audience_claim="client_id",
    scope_prefix="ekyc-bridge/",
)
COGNITO_TOKEN = {
    "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    "device_key": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    "cognito:groups": ["testgroup"],
    "iss": COGNITO.issuer,
    "version": 2,
    "client_id": "57cbishk4j24pabc1234567890",
    "origin_jti": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    "event_id": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    "token_use": "access",
    "scope": f"openid email ekyc-bridge/{WRITE} ekyc-bridge/{READ}",
    "auth_time": NOW,
    "jti": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    "username": "my-test-user",
    **TIMES,
}
# …/amazon-cognito-user-pools-using-the-id-token.html
COGNITO_ID_TOKEN = without(COGNITO_TOKEN, "client_id", "scope", "device_key", "version", "username") | {
    "aud": "57cbishk4j24pabc1234567890",
    "token_use": "id",
    "cognito:username": "my-test-user",
    "email": "my-test-user@example.com",
    "email_verified": True,
}

# https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles
AUTH0 = Issuer(
    "https://my-domain.auth0.com/", ("https://ekyc.example.com",), ("RS256",), scope_claims=("permissions", "scope")
)
AUTH0_TOKEN = {
    "iss": AUTH0.issuer,
    "sub": "auth0|123456",
    "aud": ["https://ekyc.example.com", "https://my-domain.auth0.com/userinfo"],
    "azp": "my_client_id",
    "scope": "openid profile",
    "permissions": [WRITE, READ],
    **TIMES,
}
AUTH0_RFC9068 = {**AUTH0_TOKEN, "client_id": "my_client_id", "jti": "73WakrfVbNJBaAmhQtEeDv"}
AUTH0_MACHINE = {
    "iss": AUTH0.issuer,
    "sub": "awZfdIir8YFdGZWkvCejDoUb7SjTDicx@clients",
    "aud": "https://ekyc.example.com",
    "azp": "awZfdIir8YFdGZWkvCejDoUb7SjTDicx",
    "scope": f"{WRITE} {READ}",
    "gty": "client-credentials",
    **TIMES,
}

# https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
ENTRA = Issuer(f"https://login.microsoftonline.com/{TENANT}/v2.0", (API,), ("RS256",), scope_claims=("scp", "roles"))
ENTRA_V1 = replace(ENTRA, issuer=f"https://sts.windows.net/{TENANT}/", audiences=(f"api://{API}",))
ENTRA_APP = {
    "aud": API,
    "iss": ENTRA.issuer,
    "nbf": NOW,
    "aio": "E2ZgYEhuY2FzcnRl",
    "azp": CLIENT,
    "azpacr": "1",
    "oid": "22223333-cccc-4444-dddd-5555eeee6666",
    "rh": "0.AAAA",
    "roles": [WRITE, READ],
    "sub": "22223333-cccc-4444-dddd-5555eeee6666",
    "tid": TENANT,
    "uti": "fqiBqXLPj0eQa82S-IYFAA",
    "ver": "2.0",
    **TIMES,
}
ENTRA_USER = without(ENTRA_APP, "roles") | {
    "azpacr": "0",
    "name": "Abe Lincoln",
    "preferred_username": "AbeLi@microsoft.com",
    "scp": f"{WRITE} {READ}",
    "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
}
ENTRA_V1_USER = without(ENTRA_USER, "azp", "azpacr", "preferred_username") | {
    "aud": f"api://{API}",
    "iss": ENTRA_V1.issuer,
    "acr": "1",
    "amr": ["pwd"],
    "appid": CLIENT,
    "appidacr": "0",
    "ipaddr": "203.0.113.7",
    "unique_name": "AbeLi@microsoft.com",
    "ver": "1.0",
}
# …/id-token-claims-reference: roles are in both kinds of token where an application is its own API.
ENTRA_ID_TOKEN = without(ENTRA_USER, "aio", "azp", "azpacr", "scp") | {"nonce": "123523", "roles": [WRITE, READ]}

# https://www.keycloak.org/docs/latest/server_admin/#audience-support
KEYCLOAK = Issuer("https://id.example.com/realms/shop", ("web",), ("RS256",), audience_claim="azp")
KEYCLOAK_MAPPED = replace(KEYCLOAK, audiences=("ekyc-bridge",), audience_claim="aud")
KEYCLOAK_ROLES = replace(KEYCLOAK, scope_claims=("realm_access/roles",))
KEYCLOAK_TOKEN = {
    "jti": "d58f5dc8-fd8f-462b-8a19-716f8f83985b",
    "iss": KEYCLOAK.issuer,
    "aud": "account",
    "sub": "36fa0f91-f94d-4a0c-afed-6b7d952e47da",
    "typ": "Bearer",
    "azp": "web",
    "sid": "2a88c258-f73a-4103-b862-e1fbd8f4e04e",
    "acr": "1",
    "allowed-origins": ["https://shop.example.com"],
    "realm_access": {"roles": ["offline_access", "default-roles-shop", "uma_authorization"]},
    "resource_access": {"account": {"roles": ["manage-account", "manage-account-links", "view-profile"]}},
    "scope": f"openid email profile {WRITE} {READ}",
    "email_verified": True,
    "preferred_username": "mia",
    "email": "mia@example.com",
    **TIMES,
}
KEYCLOAK_ID_TOKEN = without(KEYCLOAK_TOKEN, "realm_access", "resource_access") | {
    "typ": "ID",
    "aud": "web",
    "nonce": "123523",
}

DOCUMENTED: dict[str, tuple[Issuer, dict[str, Any]]] = {
    "Cognito": (COGNITO, COGNITO_TOKEN),
    "Auth0, permissions": (AUTH0, AUTH0_TOKEN),
    "Auth0, RFC 9068": (AUTH0, AUTH0_RFC9068),
    "Auth0, machine to machine": (AUTH0, AUTH0_MACHINE),
    "Entra v2, user": (ENTRA, ENTRA_USER),
    "Entra v2, app only": (ENTRA, ENTRA_APP),
    "Entra v1, user": (ENTRA_V1, ENTRA_V1_USER),
    "Keycloak": (KEYCLOAK, KEYCLOAK_TOKEN),
    "Keycloak, no audience": (KEYCLOAK, without(KEYCLOAK_TOKEN, "aud")),
    "Keycloak, audience mapper": (KEYCLOAK_MAPPED, {**KEYCLOAK_TOKEN, "aud": ["ekyc-bridge", "account"]}),
    "Keycloak, realm roles": (
        KEYCLOAK_ROLES,
        {**KEYCLOAK_TOKEN, "scope": "openid", "realm_access": {"roles": ["offline_access", WRITE, READ]}},
    ),
}


def scopes(issuer: Issuer, claims: dict[str, Any]) -> tuple[str, ...] | None:
    """What the token grants; None if it is refused."""
    read = access_tokens.verify(signed(claims, header={"typ": "JWT"}), issuer, KEYS.find)
    return None if read is None else read.scopes


@pytest.mark.parametrize(("issuer", "claims"), DOCUMENTED.values(), ids=DOCUMENTED)
def test_a_documented_access_token_grants_its_scopes_to_its_subject(issuer: Issuer, claims: dict[str, Any]) -> None:
    read = access_tokens.verify(signed(claims, header={"typ": "JWT"}), issuer, KEYS.find)
    assert read is not None
    assert (read.principal, read.scopes) == (f"jwt|{claims['sub']}", (WRITE, READ))


REFUSED: dict[str, tuple[Issuer, dict[str, Any]]] = {
    "Cognito: ID token": (COGNITO, COGNITO_ID_TOKEN),
    "Cognito: ID token, audience in aud": (replace(COGNITO, audience_claim="aud"), COGNITO_ID_TOKEN),
    "Cognito: another use": (COGNITO, {**COGNITO_TOKEN, "token_use": "id"}),
    "Cognito: no word of its use": (COGNITO, {**COGNITO_TOKEN, "token_use": None}),
    "Cognito: another client": (COGNITO, {**COGNITO_TOKEN, "client_id": "2c8b3g9example"}),
    "Cognito: no client": (COGNITO, {**COGNITO_TOKEN, "client_id": None}),
    "Cognito: a list of clients": (COGNITO, {**COGNITO_TOKEN, "client_id": list(COGNITO.audiences)}),
    "Cognito: bound to another API": (COGNITO, {**COGNITO_TOKEN, "aud": "https://other.example.com"}),
    "Cognito: no list of clients": (replace(COGNITO, audiences=()), COGNITO_TOKEN),
    "Auth0: another API": (AUTH0, {**AUTH0_TOKEN, "aud": ["https://my-domain.auth0.com/userinfo"]}),
    "Auth0: no list of audiences": (replace(AUTH0, audiences=()), AUTH0_TOKEN),
    "Entra: another API": (ENTRA, {**ENTRA_APP, "aud": CLIENT}),
    "Entra: the version-1 issuer": (ENTRA, {**ENTRA_APP, "iss": ENTRA_V1.issuer}),
    "Entra: another tenant": (ENTRA, {**ENTRA_APP, "iss": ENTRA.issuer.replace(TENANT, CLIENT)}),
    "Keycloak: ID token": (KEYCLOAK, KEYCLOAK_ID_TOKEN),
    "Keycloak: ID token with a mapped audience": (KEYCLOAK_MAPPED, {**KEYCLOAK_ID_TOKEN, "aud": "ekyc-bridge"}),
    "Keycloak: refresh token": (KEYCLOAK, {**KEYCLOAK_TOKEN, "typ": "Refresh"}),
    "Keycloak: bound to a key by DPoP": (KEYCLOAK, {**KEYCLOAK_TOKEN, "typ": "DPoP"}),
    "Keycloak: another client": (KEYCLOAK, {**KEYCLOAK_TOKEN, "azp": "admin-cli"}),
    "Keycloak: no client": (KEYCLOAK, without(KEYCLOAK_TOKEN, "azp")),
    "Keycloak: the account's audience": (KEYCLOAK_MAPPED, KEYCLOAK_TOKEN),
    "an ID token by its at_hash": (AUTH0, {**AUTH0_TOKEN, "at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}),
    "an ID token by its c_hash": (AUTH0, {**AUTH0_TOKEN, "c_hash": "LDktKdoQak3Pk0cnXxCltA"}),
}


@pytest.mark.parametrize(("issuer", "claims"), REFUSED.values(), ids=REFUSED)
def test_a_token_of_another_kind_or_audience_is_refused(issuer: Issuer, claims: dict[str, Any]) -> None:
    assert scopes(issuer, claims) is None


GRANTED_NOTHING: dict[str, tuple[Issuer, dict[str, Any]]] = {
    "Cognito: scopes without the prefix": (COGNITO, {**COGNITO_TOKEN, "scope": f"{WRITE} other/{READ}"}),
    "Cognito: a prefix alone": (COGNITO, {**COGNITO_TOKEN, "scope": "ekyc-bridge/"}),
    "Auth0: no permission, whatever the scope": (AUTH0, {**AUTH0_TOKEN, "permissions": [], "scope": WRITE}),
    "Entra: an app without a role": (ENTRA, without(ENTRA_APP, "roles")),
    "Entra: roles of a user beyond the client's scopes": (ENTRA, {**ENTRA_USER, "scp": "profile", "roles": [WRITE]}),
    "Entra: roles in an ID token": (ENTRA, ENTRA_ID_TOKEN),
    "Keycloak: roles that are no list": (KEYCLOAK_ROLES, {**KEYCLOAK_TOKEN, "realm_access": {"roles": {WRITE: 1}}}),
    "Keycloak: a path that ends early": (KEYCLOAK_ROLES, {**KEYCLOAK_TOKEN, "realm_access": [WRITE]}),
    "Keycloak: no realm_access": (KEYCLOAK_ROLES, {**KEYCLOAK_TOKEN, "realm_access": None}),
    "Keycloak: scopes where roles count": (KEYCLOAK_ROLES, KEYCLOAK_TOKEN),
}


@pytest.mark.parametrize(("issuer", "claims"), GRANTED_NOTHING.values(), ids=GRANTED_NOTHING)
def test_what_the_provider_did_not_grant_to_the_client_opens_nothing(issuer: Issuer, claims: dict[str, Any]) -> None:
    assert scopes(issuer, claims) == ()


def test_a_claim_whose_name_is_a_url_is_found_by_its_name() -> None:
    name = "https://example.com/scopes"
    assert scopes(replace(AUTH0, scope_claims=(name,)), {**AUTH0_TOKEN, name: [READ]}) == (READ,)


def test_several_clients_may_be_named() -> None:
    issuer = replace(COGNITO, audiences=("web", "mobile"))
    assert [scopes(issuer, {**COGNITO_TOKEN, "client_id": name}) for name in ("web", "mobile", "admin")] == [
        (WRITE, READ),
        (WRITE, READ),
        None,
    ]


# By the names of the page's rows: what the parameters say, and where the provider documents its keys.
PARAMETERS = {
    "Amazon Cognito": (COGNITO, f"{COGNITO.issuer}/.well-known/jwks.json"),
    "Auth0": (AUTH0, f"{AUTH0.issuer}.well-known/jwks.json"),
    "Entra ID, version 2": (ENTRA, f"https://login.microsoftonline.com/{TENANT}/discovery/v2.0/keys"),
    "Entra ID, version 1": (ENTRA_V1, f"https://login.microsoftonline.com/{TENANT}/discovery/keys"),
    "Keycloak": (KEYCLOAK, f"{KEYCLOAK.issuer}/protocol/openid-connect/certs"),
    "Keycloak, audience mapper": (KEYCLOAK_MAPPED, f"{KEYCLOAK.issuer}/protocol/openid-connect/certs"),
}
# The page's placeholders, and what stands for them here.
VALUES = {
    "{region}": "us-west-2",
    "{pool}": "us-west-2_example",
    "{client}": "57cbishk4j24pabc1234567890",
    "{domain}": "my-domain.auth0.com",
    "{identifier}": "https://ekyc.example.com",
    "{tenant}": TENANT,
    "{api}": API,
    "{host}": "id.example.com",
    "{realm}": "shop",
    "{frontend}": "web",
}
VARIABLES = {
    "JWT_ISSUER": "JwtIssuer",
    "JWT_AUDIENCE": "JwtAudience",
    "JWT_AUDIENCE_CLAIM": "JwtAudienceClaim",
    "JWT_SCOPE_CLAIMS": "JwtScopeClaims",
    "JWT_SCOPE_PREFIX": "JwtScopePrefix",
    "JWKS_URL": "JwksUrl",
}
DEFAULTS = {"JwtAudienceClaim": "aud", "JwtScopeClaims": "scope,scp"}


def on_the_page(provider: str) -> dict[str, str]:
    """The parameters in the provider's section: a list of `Name=value`."""
    section = PAGE.partition(f"\n## {provider}\n")[2].partition("\n## ")[0]
    stated = dict(re.findall(r"(?m)^    (Jw\w+)=(\S*)$", section))
    for placeholder, value in VALUES.items():
        stated = {name: text.replace(placeholder, value) for name, text in stated.items()}
    return stated


@pytest.mark.parametrize("provider", PARAMETERS)
def test_the_page_names_the_parameters_that_these_tokens_work_with(provider: str) -> None:
    stated = on_the_page(provider)
    assert stated.keys() <= set(VARIABLES.values())
    settings = Settings({variable: (DEFAULTS | stated).get(name, "") for variable, name in VARIABLES.items()})
    issuer = Issuer(
        settings.jwt_issuer,
        settings.jwt_audiences,
        ("RS256",),
        settings.jwt_audience_claim,
        settings.jwt_scope_claims,
        settings.jwt_scope_prefix,
    )
    assert (issuer, settings.jwks_url) == PARAMETERS[provider]
