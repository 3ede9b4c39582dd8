"""Access tokens of four identity providers work with the parameters in docs/identity.md."""

import json
import re
from typing import Any

import pytest

from bridge.auth import access_tokens
from bridge.auth.access_tokens import Issuer
from bridge.auth.jwks import KeySet
from bridge.domain.caller import READ, WRITE
from bridge.settings import Settings
from tests import pages
from tests.sandbox.signing import jwk, signed
from tests.unit.identity_provider_tokens import (
    API,
    AUTH0,
    AUTH0_MACHINE,
    AUTH0_RFC9068,
    AUTH0_TOKEN,
    CLIENT,
    COGNITO,
    COGNITO_ID_TOKEN,
    COGNITO_TOKEN,
    ENTRA,
    ENTRA_APP,
    ENTRA_ID_TOKEN,
    ENTRA_USER,
    ENTRA_V1,
    ENTRA_V1_USER,
    KEYCLOAK,
    KEYCLOAK_ID_TOKEN,
    KEYCLOAK_MAPPED,
    KEYCLOAK_ROLES,
    KEYCLOAK_TOKEN,
    TENANT,
    without,
)

KEYS = KeySet(lambda: json.dumps({"keys": [jwk("rsa-1")]}).encode())


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
    """Returns the scopes that the token grants, or None if it is refused."""
    read = access_tokens.verify(signed(claims, header={"typ": "JWT"}), issuer, KEYS.find)
    return None if read is None else read.scopes


@pytest.mark.parametrize(("issuer", "claims"), DOCUMENTED.values(), ids=DOCUMENTED)
def test_a_documented_access_token_grants_its_scopes_to_its_subject(issuer: Issuer, claims: dict[str, Any]) -> None:
    read = access_tokens.verify(signed(claims, header={"typ": "JWT"}), issuer, KEYS.find)
    assert read is not None
    assert (read.principal, read.scopes) == (f"jwt|{claims['sub']}", (WRITE, READ))


REFUSED: dict[str, tuple[Issuer, dict[str, Any]]] = {
    "Cognito: ID token": (COGNITO, COGNITO_ID_TOKEN),
    "Cognito: ID token, audience in aud": (COGNITO._replace(audience_claim="aud"), COGNITO_ID_TOKEN),
    "Cognito: another use": (COGNITO, {**COGNITO_TOKEN, "token_use": "id"}),
    "Cognito: no token_use": (COGNITO, {**COGNITO_TOKEN, "token_use": None}),
    "Cognito: another client": (COGNITO, {**COGNITO_TOKEN, "client_id": "2c8b3g9example"}),
    "Cognito: no client": (COGNITO, {**COGNITO_TOKEN, "client_id": None}),
    "Cognito: a list of clients": (COGNITO, {**COGNITO_TOKEN, "client_id": list(COGNITO.audiences)}),
    "Cognito: bound to another API": (COGNITO, {**COGNITO_TOKEN, "aud": "https://other.example.com"}),
    "Cognito: no clients configured": (COGNITO._replace(audiences=()), COGNITO_TOKEN),
    "Auth0: another API": (AUTH0, {**AUTH0_TOKEN, "aud": ["https://my-domain.auth0.com/userinfo"]}),
    "Auth0: no audiences configured": (AUTH0._replace(audiences=()), AUTH0_TOKEN),
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


WITHOUT_GRANT: dict[str, tuple[Issuer, dict[str, Any]]] = {
    "Cognito: scopes without the prefix": (COGNITO, {**COGNITO_TOKEN, "scope": f"{WRITE} other/{READ}"}),
    "Cognito: only the prefix": (COGNITO, {**COGNITO_TOKEN, "scope": "ekyc-bridge/"}),
    "Auth0: no permission, whatever the scope": (AUTH0, {**AUTH0_TOKEN, "permissions": [], "scope": WRITE}),
    "Entra: an app without a role": (ENTRA, without(ENTRA_APP, "roles")),
    "Entra: roles of a user beyond the client's scopes": (ENTRA, {**ENTRA_USER, "scp": "profile", "roles": [WRITE]}),
    "Entra: roles in an ID token": (ENTRA, ENTRA_ID_TOKEN),
    "Keycloak: roles that are no list": (KEYCLOAK_ROLES, {**KEYCLOAK_TOKEN, "realm_access": {"roles": {WRITE: 1}}}),
    "Keycloak: realm_access is a list": (KEYCLOAK_ROLES, {**KEYCLOAK_TOKEN, "realm_access": [WRITE]}),
    "Keycloak: no realm_access": (KEYCLOAK_ROLES, {**KEYCLOAK_TOKEN, "realm_access": None}),
    "Keycloak: scopes where roles count": (KEYCLOAK_ROLES, KEYCLOAK_TOKEN),
}


@pytest.mark.parametrize(("issuer", "claims"), WITHOUT_GRANT.values(), ids=WITHOUT_GRANT)
def test_scopes_that_the_provider_did_not_grant_to_the_client_are_ignored(
    issuer: Issuer, claims: dict[str, Any]
) -> None:
    assert scopes(issuer, claims) == ()


def test_a_scope_claim_may_have_a_url_as_its_name() -> None:
    name = "https://example.com/scopes"
    assert scopes(AUTH0._replace(scope_claims=(name,)), {**AUTH0_TOKEN, name: [READ]}) == (READ,)


def test_several_clients_may_be_configured() -> None:
    issuer = COGNITO._replace(audiences=("web", "mobile"))
    assert [scopes(issuer, {**COGNITO_TOKEN, "client_id": name}) for name in ("web", "mobile", "admin")] == [
        (WRITE, READ),
        (WRITE, READ),
        None,
    ]


# By section of docs/identity.md: the issuer that the parameters configure, and the provider's documented JWKS URL.
PARAMETERS = {
    "Amazon Cognito": (COGNITO, f"{COGNITO.issuer}/.well-known/jwks.json"),
    "Auth0": (AUTH0, f"{AUTH0.issuer}.well-known/jwks.json"),
    "Entra ID, version 2": (ENTRA, f"https://login.microsoftonline.com/{TENANT}/discovery/v2.0/keys"),
    "Entra ID, version 1": (ENTRA_V1, f"https://login.microsoftonline.com/{TENANT}/discovery/keys"),
    "Keycloak": (KEYCLOAK, f"{KEYCLOAK.issuer}/protocol/openid-connect/certs"),
    "Keycloak, audience mapper": (KEYCLOAK_MAPPED, f"{KEYCLOAK.issuer}/protocol/openid-connect/certs"),
}
# Values for the placeholders in docs/identity.md.
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


def documented_parameters(provider: str) -> dict[str, str]:
    """Returns the parameters in the provider's section, which lists them as `Name=value`."""
    documented = dict(re.findall(r"(?m)^    (Jw\w+)=(\S*)$", pages.section("docs/identity.md", provider)))
    for placeholder, value in VALUES.items():
        documented = {name: text.replace(placeholder, value) for name, text in documented.items()}
    return documented


@pytest.mark.parametrize("provider", PARAMETERS)
def test_the_documented_parameters_configure_the_issuer_of_these_tokens(provider: str) -> None:
    documented = documented_parameters(provider)
    assert documented.keys() <= set(VARIABLES.values())
    settings = Settings({variable: (DEFAULTS | documented).get(name, "") for variable, name in VARIABLES.items()})
    issuer = Issuer(
        settings.jwt_issuer,
        settings.jwt_audiences,
        ("RS256",),
        settings.jwt_audience_claim,
        settings.jwt_scope_claims,
        settings.jwt_scope_prefix,
    )
    assert (issuer, settings.jwks_url) == PARAMETERS[provider]
