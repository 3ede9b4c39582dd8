"""The bare handler of GET /return/{id}/{code}: the simplest code that works. It stores no evidence."""

import json
import os

import boto3
import requests

dynamodb = boto3.client("dynamodb")
secrets = boto3.client("secretsmanager")
credentials = None


def lambda_handler(event, context):
    global credentials  # noqa: PLW0603 - the simplest code
    if credentials is None:
        secret = secrets.get_secret_value(SecretId=os.environ["EKYC_CREDENTIALS_SECRET_ARN"])
        credentials = json.loads(secret["SecretString"])
    key = {"id": {"S": event["pathParameters"]["id"]}}
    item = dynamodb.get_item(TableName=os.environ["TABLE_NAME"], Key=key)["Item"]
    response = requests.get(
        f"{os.environ['EKYC_API_URL']}/api/ekyc/verifications/{item['token']['S']}", headers=credentials, timeout=10
    )
    response.raise_for_status()
    record = response.json()["result"]
    status = "verified" if record["is_success"] else "rejected"
    dynamodb.update_item(
        TableName=os.environ["TABLE_NAME"],
        Key=key,
        UpdateExpression="SET #status = :status, #result = :result",
        ExpressionAttributeNames={"#status": "status", "#result": "result"},
        ExpressionAttributeValues={":status": {"S": status}, ":result": {"S": json.dumps(record)}},
    )
    return {"statusCode": 303, "headers": {"location": f"{item['redirect_url']['S']}?status={status}"}, "body": ""}
