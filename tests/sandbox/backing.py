"""Everything behind the functions: the embedded AWS with the stack in it, the vendor, the secrets."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import boto3

from . import cleaning, stack, template
from .aws import EmbeddedAws, credentials, region
from .environment import Environment
from .keys import Secrets, made_up_credentials, vendor_credentials
from .lambda_runner import merged
from .vendor import FakeVendor

# Frontends on any port of this machine.
LOCAL_ORIGINS = "http://localhost:*,http://127.0.0.1:*"
LOOPBACK = "127.0.0.1"
_API_URL = "EKYC_API_URL"
_ENDPOINT = "AWS_ENDPOINT_URL"
_ALLOW_LOOPBACK = "WEBHOOK_ALLOW_HTTP_LOOPBACK"


@dataclass(frozen=True, slots=True)
class Choices:
    """Settings of a sandbox.

    Attributes:
        parameters: of the template.
        variables: of its functions. They win over parameters, and this process's environment over both.
        hosts: addresses on which AWS and the fake vendor listen; the functions of this process use the first.
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    hosts: Sequence[str] = (LOOPBACK,)


class Backing:
    """Up as soon as it exists, down with stop(). One at a time, for it sets this process's environment.

    Args:
        public_url: of the API in front, without a slash at the end.

    Attributes:
        vendor: None where EKYC_API_URL names a real one.
        variables: the functions' variables, merged.
    """

    def __init__(self, public_url: str, choices: Choices) -> None:
        self.environment = Environment()
        self.vendor: FakeVendor | None = None
        self._clients: dict[str, Any] = {}
        self.aws = EmbeddedAws(choices.hosts)
        try:
            self._up(public_url, choices)
        except BaseException:
            self.stop()
            raise

    def _up(self, public_url: str, choices: Choices) -> None:
        outer = dict(os.environ)
        self._enter_aws()
        parameters = {"AllowedCorsOrigins": LOCAL_ORIGINS} | dict(choices.parameters)
        created = stack.create(template.read(parameters), boto3.Session(), self.aws.url)
        local = {"ALLOWED_REDIRECT_ORIGINS": LOCAL_ORIGINS, "PUBLIC_BASE_URL": public_url}
        known = merged(created.functions).keys()
        chosen = {name: outer[name] for name in known & outer.keys()}
        created = created.with_variables(local | dict(choices.variables) | chosen)
        api_url, vendor_account = self._vendor(created, choices.hosts, outer)
        self.stack = created.with_variables({_API_URL: api_url})
        # The sandbox is the functions' AWS, and its receivers are on this machine, which no function of the template
        # declares.
        self.variables = merged(self.stack.functions) | {_ENDPOINT: self.aws.url, _ALLOW_LOOPBACK: "true"}
        self.environment.apply(self.variables)
        self.secrets = Secrets(self.client("secretsmanager"), self.variables)
        self.secrets.put_credentials(*vendor_account)
        self.api_key = self.secrets.add_key()

    def _enter_aws(self) -> None:
        self.aws.start()
        # A profile that does not exist, or of another account, would win over the variables.
        self.environment.drop("AWS_PROFILE")
        self.environment.apply({"AWS_DEFAULT_REGION": region(), "AWS_REGION": region()} | credentials())
        # Between two tests a queue is emptied more often than AWS allows.
        self.environment.apply({_ENDPOINT: self.aws.url, "MOTO_SQS_ENFORCE_STRICT_QUEUE_PURGE_BEHAVIOUR": "false"})

    def _vendor(
        self, created: stack.Stack, hosts: Sequence[str], outer: Mapping[str, str]
    ) -> tuple[str, tuple[str, str]]:
        """The URL and the credentials of a real vendor, or of the fake vendor, which is started."""
        if outer.get(_API_URL):
            return outer[_API_URL], vendor_credentials(outer)
        client_id, client_secret = made_up_credentials()
        lifetime = float(merged(created.functions)["LINK_LIFETIME_SECONDS"])
        self.vendor = FakeVendor(hosts=hosts, client_id=client_id, client_secret=client_secret, link_lifetime=lifetime)
        self.vendor.start()
        return self.vendor.url, (client_id, client_secret)

    @property
    def ekyc_api_url(self) -> str:
        """Of the vendor, real or not."""
        return self.variables[_API_URL]

    def client(self, service: str) -> Any:
        """A boto3 client of the AWS that the functions see."""
        if service not in self._clients:
            self._clients[service] = boto3.Session().client(service)
        return self._clients[service]

    def reset(self) -> None:
        """No verification, message, link, fault, endpoint or further key is left."""
        if self.vendor is not None:
            self.vendor.reset()
        self.secrets.keep_first_key()
        self.secrets.put_endpoints([])
        cleaning.empty(self.stack, self.client("dynamodb"), self.client("sqs"), self.client("s3"))

    def stop(self) -> None:
        """Down, and the environment as it was."""
        if self.vendor is not None:
            self.vendor.stop()
        self.aws.stop()
        self.environment.restore()
