"""Claims of access tokens and ID tokens as four identity providers document them, and the issuers that accept them."""

import time
from typing import Any

from bridge.auth.access_tokens import Issuer
from bridge.domain.caller import READ, WRITE

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
ENTRA_V1 = ENTRA._replace(issuer=f"https://sts.windows.net/{TENANT}/", audiences=(f"api://{API}",))
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
KEYCLOAK_MAPPED = KEYCLOAK._replace(audiences=("ekyc-bridge",), audience_claim="aud")
KEYCLOAK_ROLES = KEYCLOAK._replace(scope_claims=("realm_access/roles",))
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
