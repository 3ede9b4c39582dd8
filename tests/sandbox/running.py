"""What Sandbox and SamLocal have in common: AWS, the vendor, a front, workers and a frontend, inside a with block."""

import os
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Self

from .backing import Backing, Choices
from .frontend import DEMO, HOOK, Frontend
from .functions import Functions
from .identity_provider import IdentityProvider
from .streams import StreamReader
from .webhooks import RETRY_SECONDS, Attempts, Say, Webhooks, new_secret
from .workers import Workers

DEMO_SCOPES = "verifications:write verifications:read"


class Running:
    """`api_url` is the front's, without a slash at the end.

    Args:
        workers: False leaves the schedules and the queues to sweep_now() and drain_queue().
        schedule_seconds: replaces the schedules' intervals.
        webhooks: who is sent webhooks, with retries within seconds; nobody if left out.
        say: is given a line for each webhook, and by Sandbox for each request.

    Attributes:
        frontend: the demo frontend, a page for redirect_url, and a receiver of webhooks.
        identity_provider: of the access tokens that the bridge trusts, unless a setting names another.
    """

    api_url: str
    backing: Backing
    frontend: Frontend
    functions: Functions
    identity_provider: IdentityProvider
    _workers: Workers

    def __init__(
        self,
        choices: Choices,
        *,
        workers: bool = True,
        schedule_seconds: float | None = None,
        webhooks: Webhooks | None = None,
        say: Say | None = None,
    ) -> None:
        self._choices = choices
        self._has_workers = workers
        self._schedule_seconds = schedule_seconds
        self._webhooks = webhooks
        self._say = say

    def __enter__(self) -> Self:
        with ExitStack() as going_up:
            self._up(going_up)
            self._down = going_up.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._down.close()

    def _up(self, going_up: ExitStack) -> None:
        """Starts all but the front."""
        self.identity_provider = going_up.enter_context(IdentityProvider(hosts=self._choices.hosts))
        trusted = {"JwtIssuer": self.identity_provider.issuer}
        choices = replace(self._choices, parameters=trusted | dict(self._choices.parameters))
        self.backing = Backing(self.api_url, choices)
        going_up.callback(self.backing.stop)
        secret = self._webhooks.secret if self._webhooks else new_secret()
        self.frontend = Frontend(secret, api_url=self.api_url, new_token=self._token)
        going_up.callback(self.frontend.stop)
        if self._webhooks:
            self.backing.secrets.put_endpoints(self._webhooks.endpoints(self.frontend.url + HOOK))
            retries = os.environ.get("WEBHOOK_RETRY_SECONDS") or RETRY_SECONDS
            self.backing.environment.apply({"WEBHOOK_RETRY_SECONDS": retries})
        stack = self.backing.stack
        self.functions = Functions(stack.functions, stack.layers)
        client, invoke = self.backing.client, self.functions.invoke
        if self._say:
            attempts = Attempts(invoke, self._say)
            going_up.enter_context(attempts.watched())
            invoke = attempts.invoke
        dynamodb, sqs, streams = client("dynamodb"), client("sqs"), client("dynamodbstreams")
        readers = [
            StreamReader(source, stack, invoke, dynamodb=dynamodb, streams=streams, sqs=sqs) for source in stack.streams
        ]
        self._workers = Workers(stack, invoke, sqs, readers, schedule_seconds=self._schedule_seconds)
        going_up.callback(self._workers.stop)

    def _start_workers(self) -> None:
        if self._has_workers:
            self._workers.start()

    def _token(self) -> str:
        """For the person in front of the demo frontend: they may create verifications, and read their own."""
        return self.identity_provider.token(DEMO_SCOPES, subject="demo-user")

    def ready(self) -> dict[str, str]:
        """The members of the READY line."""
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
        """Runs all schedules. Raises FunctionError."""
        self._workers.run_schedules()

    def drain_streams(self) -> int:
        """Passes the tables' changes on to their functions; returns how many were handled."""
        return self._workers.drain_streams()

    def drain_queue(self) -> int:
        """Passes all messages on to their functions; returns their number."""
        return self._workers.drain_queues()
