"""The Lambda authorizer. It denies access without a reason unless the credentials are valid."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bridge.dependencies import dependencies
from bridge.use_cases.authorize import authorize
from bridge.web.entry import entry_point


@entry_point
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    # API Gateway passes header names in lower case; `sam local` passes them as received.
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    caller = authorize(dependencies(), headers.get("authorization", ""))
    if caller is None:
        return {"isAuthorized": False}
    context_fields = {"principal": caller.principal, "scopes": " ".join(caller.scopes), "key_id": caller.key_id}
    return {"isAuthorized": True, "context": context_fields}
