"""Tests the main flow through the deployed API, authorizer, layers and roles."""

from urllib.parse import parse_qs, urlsplit

from tests.deployed.stack import DeployedStack, eventually
from tests.sandbox.identity_provider import IdentityProvider
from tests.sandbox.vendor import FakeVendor


def test_person_who_returns_is_verified(stack: DeployedStack, vendor: FakeVendor) -> None:
    created = stack.create(reference="order-1")
    assert (created["status"], created["sequence"]) == ("pending", 1)

    returned = stack.open(stack.verify(created))

    assert returned.status_code == 303, (returned.text, stack.logs("redirect"))
    assert parse_qs(urlsplit(returned.headers["Location"]).query) == {
        "tab": ["1"],
        "verification_id": [created["id"]],
        "status": ["verified"],
    }
    assert stack.read(created)["status"] == "verified"
    assert stack.open(created["status_url"]).json()["status"] == "verified"
    listed = stack.call("GET", "/verifications?reference=order-1").json()["data"]
    assert [(each["id"], each["status"]) for each in listed] == [(created["id"], "verified")]
    assert vendor.calls()["by_token"][created["token"]] == 1


def test_person_with_a_start_page_is_verified(stack: DeployedStack) -> None:
    created = stack.create(link="on_open", valid_for=86400, locale="ms")
    assert "url" not in created
    page = stack.open(created["start_url"])
    assert (page.status_code, page.headers["Content-Language"]) == (200, "ms"), (page.text, stack.logs("redirect"))
    # The QR code for a desktop, which a package in the layer draws.
    assert '<svg role="img"' in page.text

    tapped = [stack.open(created["start_url"], method="POST") for _ in range(2)]

    opened = stack.read(created)
    assert [each.headers.get("Location") for each in tapped] == [opened["url"]] * 2, stack.logs("redirect")
    stack.open(stack.verify(opened))
    followed = stack.open(f"{created['start_url']}?follow=1")
    assert parse_qs(urlsplit(followed.headers["Location"]).query)["status"] == ["verified"]


def test_links_to_the_pictures_of_a_result_work(stack: DeployedStack) -> None:
    created = stack.create()
    stack.open(stack.verify(created))

    response = stack.call("GET", f"/verifications/{created['id']}?expand=result")

    assert response.status_code == 200, (response.text, stack.logs("verifications"))
    result = response.json()["result"]
    assert result["ocr_result"]["Name"]
    picture = stack.open(result["ocr_result"]["Image"])
    assert picture.status_code == 200, picture.text
    assert picture.headers["Content-Type"].startswith("image/")
    # Without the signature the object is not readable.
    assert stack.open(result["ocr_result"]["Image"].partition("?")[0]).status_code == 403


def test_refresh_completes_a_person_who_did_not_return(stack: DeployedStack, vendor: FakeVendor) -> None:
    created = stack.create()
    vendor.play(created["token"], "9102")

    refreshed = stack.call("POST", f"/verifications/{created['id']}/refresh")

    assert refreshed.status_code == 200, (refreshed.text, stack.logs("verifications"))
    assert refreshed.json()["status"] == "rejected"


def test_redact_erases_the_evidence_and_leaves_a_tombstone(stack: DeployedStack) -> None:
    created = stack.create(reference="order-2")
    stack.open(stack.verify(created))
    stack.call("GET", f"/verifications/{created['id']}?expand=result")
    assert stack.evidence(created)

    redacted = stack.call("POST", f"/verifications/{created['id']}/redact")

    assert redacted.status_code == 200, (redacted.text, stack.logs("verifications"))
    assert stack.evidence(created) == []
    assert stack.call("GET", f"/verifications/{created['id']}?expand=result").json()["result"] is None
    assert stack.read(created)["status"] == "verified"


def test_access_token_works_in_place_of_a_key(stack: DeployedStack, identity_provider: IdentityProvider) -> None:
    token = identity_provider.token("verifications:write verifications:read")
    stranger = identity_provider.token("verifications:read", subject="user-2")
    elsewhere = identity_provider.token("verifications:read", audience="another-api")

    created = stack.create(key=token)

    assert stack.read(created, key=token)["status"] == "pending"
    assert stack.call("GET", f"/verifications/{created['id']}", key=stranger).status_code == 404
    assert stack.call("GET", f"/verifications/{created['id']}", key=elsewhere).status_code == 403


def test_request_without_a_valid_key_is_rejected(stack: DeployedStack) -> None:
    assert stack.open(f"{stack.outputs()['ApiUrl']}/verifications?reference=order-1").status_code == 401
    assert stack.call("GET", "/verifications?reference=order-1", key="ek_unknown").status_code == 403


def test_invalid_message_goes_to_the_dead_letter_queue(stack: DeployedStack) -> None:
    sqs = stack.client("sqs")
    invalid = '{"id": "no verification has this id"}'
    with stack.visibility_timeout(1):
        sqs.send_message(QueueUrl=stack.resource("DueQueue"), MessageBody=invalid)
        dead = eventually(lambda: sqs.receive_message(QueueUrl=stack.resource("DueDeadLetterQueue")).get("Messages"))

    assert [message["Body"] for message in dead] == [invalid]
    sqs.delete_message(QueueUrl=stack.resource("DueDeadLetterQueue"), ReceiptHandle=dead[0]["ReceiptHandle"])
    failed = [line for line in stack.logs("finalize") if line.get("message") == "message_failed"]
    assert [line["error"] for line in failed if line["message_id"] == dead[0]["MessageId"]], failed
