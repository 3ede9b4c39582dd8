"""The deployed stack, as backends, people and operators use it."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from tests.deployed.emulator import API_HOSTS, Emulator

T = TypeVar("T")

NAME = "ekyc-bridge"
BODY = {"type": "00", "id_country": "MYS", "id_type": "ID_CARD", "redirect_url": "https://app.example.com/done?tab=1"}
_TIMEOUT = 40


class DeployedStack:
    """`key` is an API key with all scopes."""

    def __init__(self, emulator: Emulator, bundle: str) -> None:
        self.client: Callable[[str], Any] = cache(emulator.client)
        self.key = ""
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = bundle
        self._session.mount("https://", _ConnectTo(emulator.url))

    def outputs(self) -> dict[str, str]:
        """Returns the stack's outputs by their keys."""
        stack = self.client("cloudformation").describe_stacks(StackName=NAME)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def parameters(self) -> dict[str, str]:
        """Returns the current values of the stack's parameters."""
        stack = self.client("cloudformation").describe_stacks(StackName=NAME)["Stacks"][0]
        return {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}

    def status(self) -> str:
        """Returns the stack's status, such as UPDATE_COMPLETE."""
        status: str = self.client("cloudformation").describe_stacks(StackName=NAME)["Stacks"][0]["StackStatus"]
        return status

    def resource(self, logical_id: str) -> str:
        """Returns the physical id of a resource."""
        details = self.client("cloudformation").describe_stack_resource(StackName=NAME, LogicalResourceId=logical_id)
        physical_id: str = details["StackResourceDetail"]["PhysicalResourceId"]
        return physical_id

    def call(self, method: str, path: str, *, key: str | None = None, **more: Any) -> requests.Response:
        """Sends a request as a backend, with an API key or access token."""
        headers = {"Authorization": f"Bearer {key or self.key}", **more.pop("headers", {})}
        return self._session.request(method, self.outputs()["ApiUrl"] + path, headers=headers, timeout=_TIMEOUT, **more)

    def open(self, url: str, *, method: str = "GET") -> requests.Response:
        """Sends a request as a browser: without a key. It does not follow redirects."""
        return self._session.request(method, url, allow_redirects=False, timeout=_TIMEOUT)

    def create(self, *, key: str | None = None, **more: Any) -> dict[str, Any]:
        """Creates a verification; returns the response's body. `more` replaces fields of the request."""
        response = self.call("POST", "/verifications", key=key, json={**BODY, **more})
        assert response.status_code == 201, (response.status_code, response.text, self.logs("authorize"))
        body: dict[str, Any] = response.json()
        return body

    def read(self, created: Mapping[str, Any], *, key: str | None = None) -> dict[str, Any]:
        """Returns the verification as GET does."""
        response = self.call("GET", f"/verifications/{created['id']}", key=key)
        assert response.status_code == 200, (response.status_code, response.text)
        body: dict[str, Any] = response.json()
        return body

    def verify(self, created: Mapping[str, Any], outcome: str = "verified") -> str:
        """Completes the vendor's page as the person; returns the URL that it redirects to."""
        page = self.open(f"{created['url']}&outcome={outcome}")
        assert page.status_code in (302, 303), (page.status_code, page.text)
        return page.headers["Location"]

    def item(self, created: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the verification's item in the table."""
        item: dict[str, Any] = self.client("dynamodb").get_item(
            TableName=self.resource("VerificationsTable"), Key={"id": {"S": created["id"]}}, ConsistentRead=True
        )["Item"]
        return item

    def evidence(self, created: Mapping[str, Any]) -> list[str]:
        """Returns the keys of all versions of all objects of a verification."""
        listed = self.client("s3").list_object_versions(Bucket=self.resource("EvidenceBucket"))
        found = [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]
        return [each["Key"] for each in found if f"/{created['id']}/" in each["Key"]]

    def results(self, created: Mapping[str, Any]) -> list[Any]:
        """Returns the items of a verification in the table of results."""
        found = self.client("dynamodb").query(
            TableName=self.resource("ResultsTable"),
            KeyConditionExpression="id = :id",
            ExpressionAttributeValues={":id": {"S": created["id"]}},
        )
        return list(found["Items"])

    def overwrite(self, created: Mapping[str, Any], **attributes: Mapping[str, Any]) -> None:
        """Replaces attributes of the verification's item, for example as if time had passed."""
        self.client("dynamodb").update_item(
            TableName=self.resource("VerificationsTable"),
            Key={"id": {"S": created["id"]}},
            UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in attributes),
            ExpressionAttributeValues={f":{name}": value for name, value in attributes.items()},
        )

    def make_due(self, created: Mapping[str, Any]) -> None:
        """Makes the next check due now, if there is one."""
        dynamodb = self.client("dynamodb")
        with suppress(dynamodb.exceptions.ConditionalCheckFailedException):
            dynamodb.update_item(
                TableName=self.resource("VerificationsTable"),
                Key={"id": {"S": created["id"]}},
                UpdateExpression="SET due_at = :past",
                ConditionExpression="attribute_exists(due_at)",
                ExpressionAttributeValues={":past": {"N": "1"}},
            )

    def invoke(self, logical_id: str, event: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Invokes a function with an event; returns Lambda's response, with the function's result as `Payload`."""
        result: dict[str, Any] = self.client("lambda").invoke(
            FunctionName=self.resource(logical_id), Payload=json.dumps(event or {})
        )
        return {**result, "Payload": json.loads(result["Payload"].read())}

    def sweep(self) -> dict[str, Any]:
        """Runs the sweep now; returns Lambda's response."""
        return self.invoke("SweepFunction")

    @contextmanager
    def visibility_timeout(self, seconds: int) -> Iterator[None]:
        """Inside, a failed message becomes visible again after `seconds`, not after minutes."""
        sqs, url = self.client("sqs"), self.resource("DueQueue")
        names = ["VisibilityTimeout"]
        before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(seconds)})
        try:
            yield
        finally:
            sqs.set_queue_attributes(QueueUrl=url, Attributes=before)

    @contextmanager
    def endpoints(self, *entries: Mapping[str, Any]) -> Iterator[None]:
        """Inside, these endpoints get webhooks. Afterwards no endpoint does, and all their state is deleted."""
        try:
            self._put_endpoints(*entries)
            yield
        finally:
            self._put_endpoints()
            for entry in entries:
                self.client("dynamodb").delete_item(
                    TableName=self.resource("EndpointsTable"), Key={"name": {"S": entry["name"]}}
                )
            for queue in ("DeliveryQueue", "DeliveryDeadLetterQueue"):
                self.client("sqs").purge_queue(QueueUrl=self.resource(queue))

    def _put_endpoints(self, *entries: Mapping[str, Any]) -> None:
        self.client("secretsmanager").put_secret_value(
            SecretId=self.outputs()["WebhookEndpointsSecretArn"], SecretString=json.dumps({"endpoints": entries})
        )
        self.force_cold_start("DeliverFunction")

    def force_cold_start(self, logical_id: str) -> None:
        """Makes the next invocation of a function a cold start, by an update that changes nothing."""
        timeout = self.configuration(logical_id)["Timeout"]
        self.client("lambda").update_function_configuration(FunctionName=self.resource(logical_id), Timeout=timeout)

    def configuration(self, logical_id: str) -> dict[str, Any]:
        """Returns a function's configuration."""
        name = self.resource(logical_id)
        configuration: dict[str, Any] = self.client("lambda").get_function_configuration(FunctionName=name)
        return configuration

    def layers(self, logical_id: str) -> list[str]:
        """Returns the ARNs of a function's layer versions."""
        return [layer["Arn"] for layer in self.configuration(logical_id)["Layers"]]

    def logs(self, function: str, *, since: float = 0) -> list[dict[str, Any]]:
        """Returns the JSON lines in a function's log group from `since` (epoch seconds) on, oldest first."""
        pages = (
            self.client("logs")
            .get_paginator("filter_log_events")
            .paginate(logGroupName=f"/{NAME}/{function}", startTime=int(since * 1000))
        )
        messages = [event["message"].strip() for page in pages for event in page["events"]]
        return [json.loads(message) for message in messages if message.startswith("{")]


class _ConnectTo(HTTPAdapter):
    """Sends requests for the names of HTTP APIs to the emulator, as curl --connect-to does."""

    def __init__(self, emulator_url: str) -> None:
        super().__init__()
        self._emulator_url = emulator_url

    def send(self, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> requests.Response:
        url = urlsplit(str(request.url))
        if url.netloc.endswith(f".{API_HOSTS}"):
            request.headers["Host"] = url.netloc
            request.url = str(request.url).replace(f"https://{url.netloc}", self._emulator_url, 1)
        return super().send(request, *arguments, **options)


def eventually(
    check: Callable[[], T], *, seconds: float = 120, pause: float = 0.2, why: Callable[[], object] = lambda: None
) -> T:
    """Repeats `check` until its result is true, and returns it. Fails after `seconds`, with the result of `why`."""
    deadline = time.monotonic() + seconds
    while not (result := check()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {result!r}\n{why()!r}"
        time.sleep(pause)
    return result
