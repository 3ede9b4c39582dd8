"""The base class of Sandbox and SamLocal."""

import os
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Self

from .backing_services import BackingServices, SandboxSettings
from .frontend import DEMO, HOOK, Frontend
from .functions import Functions
from .identity_provider import IdentityProvider
from .streams import StreamReader
from .webhooks import RETRY_SECONDS, DeliveryAttempts, PrintLine, Webhooks, new_secret
from .workers import Workers

DEMO_SCOPES = "verifications:write verifications:read"


class LocalBridge:
    """AWS, the vendor, an API, workers and a frontend, which run inside a with block.

    Args:
        workers: False runs no schedule and no queue until a test calls sweep_now() or drain_queue().
        webhooks: the webhook endpoints, with retries within seconds. None sends no webhooks.
        print_line: called with a line for each webhook, and in Sandbox for each request.

    Attributes:
        api_url: the URL of the API, without a slash at the end.
        frontend: the demo frontend, a page for redirect_url, and a receiver of webhooks.
        identity_provider: issues the access tokens that the bridge trusts, unless a setting names another provider.
    """

    api_url: str
    backing: BackingServices
    frontend: Frontend
    functions: Functions
    identity_provider: IdentityProvider
    _workers: Workers

    def __init__(
        self,
        settings: SandboxSettings,
        *,
        workers: bool = True,
        webhooks: Webhooks | None = None,
        print_line: PrintLine | None = None,
    ) -> None:
        self._settings = settings
        self._has_workers = workers
        self._webhooks = webhooks
        self._print_line = print_line

    def __enter__(self) -> Self:
        with ExitStack() as exit_stack:
            self._start(exit_stack)
            self._exit_stack = exit_stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit_stack.close()

    def _start(self, exit_stack: ExitStack) -> None:
        """Starts everything except the API and the workers."""
        self.identity_provider = exit_stack.enter_context(IdentityProvider(hosts=self._settings.hosts))
        trusted = {"JwtIssuer": self.identity_provider.issuer}
        settings = replace(self._settings, parameters=trusted | dict(self._settings.parameters))
        self.backing = BackingServices(self.api_url, settings)
        exit_stack.callback(self.backing.stop)
        secret = self._webhooks.secret if self._webhooks else new_secret()
        self.frontend = Frontend(secret, api_url=self.api_url, new_token=self._token)
        exit_stack.callback(self.frontend.stop)
        if self._webhooks:
            self.backing.secrets.put_endpoints(self._webhooks.endpoints(self.frontend.url + HOOK))
            retries = os.environ.get("WEBHOOK_RETRY_SECONDS") or RETRY_SECONDS
            self.backing.environment.apply({"WEBHOOK_RETRY_SECONDS": retries})
        stack = self.backing.stack
        self.functions = Functions(stack.functions, stack.layers)
        client, invoke = self.backing.client, self.functions.invoke
        if self._print_line:
            attempts = DeliveryAttempts(invoke, self._print_line)
            exit_stack.enter_context(attempts.recorded())
            invoke = attempts.invoke
        dynamodb, sqs, streams = client("dynamodb"), client("sqs"), client("dynamodbstreams")
        readers = [
            StreamReader(source, stack, invoke, dynamodb=dynamodb, streams=streams, sqs=sqs) for source in stack.streams
        ]
        seconds = float(os.environ.get("SWEEP_SECONDS") or 0)
        self._workers = Workers(stack, invoke, sqs, readers, schedule_seconds=seconds)
        exit_stack.callback(self._workers.stop)

    def _start_workers(self) -> None:
        if self._has_workers:
            self._workers.start()

    def _token(self) -> str:
        """Returns a token for the user of the demo frontend, who may create verifications and read their own."""
        return self.identity_provider.token(DEMO_SCOPES, subject="demo-user")

    def ready(self) -> dict[str, str]:
        """Returns the members of the READY line."""
        webhooks = {"webhook_secret": self._webhooks.secret} if self._webhooks else {}
        return {
            "api_url": self.api_url,
            "api_key": self.backing.api_key,
            "frontend_url": self.frontend.url,
            "demo_url": self.frontend.url + DEMO,
            "ekyc_api_url": self.backing.ekyc_api_url,
            "aws_endpoint_url": self.backing.aws.url,
            **webhooks,
        }

    def sweep_now(self) -> None:
        """Runs all schedules once. Raises FunctionError."""
        self._workers.run_schedules()

    def drain_streams(self) -> int:
        """Passes the tables' changes to their functions, and returns how many they handled."""
        return self._workers.drain_streams()

    def drain_queue(self) -> int:
        """Passes all messages to their functions, and returns their number."""
        return self._workers.drain_queues()
