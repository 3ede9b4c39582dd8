"""The bare handler of POST and GET /verifications: the simplest code that works."""

import json
import os
import uuid

import boto3
import requests

dynamodb = boto3.client("dynamodb")
secrets = boto3.client("secretsmanager")
credentials = None


def lambda_handler(event, context):
    if event["routeKey"] == "POST /verifications":
        return create(event)
    return read(event["pathParameters"]["id"])


def create(event):
    global credentials  # noqa: PLW0603 - the simplest code
    if credentials is None:
        secret = secrets.get_secret_value(SecretId=os.environ["EKYC_CREDENTIALS_SECRET_ARN"])
        credentials = json.loads(secret["SecretString"])
    body = json.loads(event["body"])
    id = f"ver_{uuid.uuid4().hex}"
    response = requests.post(
        f"{os.environ['EKYC_API_URL']}/api/ekyc/verifications",
        json={
            "type": body["type"],
            "id_country": body["id_country"],
            "id_type": body["id_type"],
            "redirect_url": f"https://{event['requestContext']['domainName']}/return/{id}/code",
        },
        headers=credentials,
        timeout=10,
    )
    response.raise_for_status()
    link = response.json()["result"]
    dynamodb.put_item(
        TableName=os.environ["TABLE_NAME"],
        Item={
            "id": {"S": id},
            "status": {"S": "pending"},
            "type": {"S": body["type"]},
            "redirect_url": {"S": body["redirect_url"]},
            "token": {"S": link["token"]},
            "url": {"S": link["url"]},
        },
    )
    return respond(201, {"id": id, "status": "pending", "url": link["url"], "token": link["token"]})


def read(id):
    item = dynamodb.get_item(TableName=os.environ["TABLE_NAME"], Key={"id": {"S": id}})["Item"]
    return respond(200, {"id": id, "status": item["status"]["S"]})


def respond(status, document):
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(document)}
