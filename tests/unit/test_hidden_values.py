"""Values whose fields nobody may read in a log: neither as text nor, as Powertools writes its lines, as JSON."""

import json
import logging

import pytest
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from bridge.domain.identity import Identity
from bridge.domain.verification import LinkRequest
from bridge.domain.webhooks import Endpoint

IDENTITY = Identity("CANARY", "CANARY", "CANARY")
ENDPOINT = Endpoint("crm", "https://crm.example.com/CANARY", ("CANARY",), principal="CANARY")


@pytest.mark.parametrize("value", [IDENTITY, ENDPOINT, LinkRequest("00", "MYS", "ID_CARD", expected=IDENTITY)])
def test_a_log_line_has_no_field_of_a_hidden_value(value: object) -> None:
    record = logging.makeLogRecord({"msg": value, "args": (), "held": value, "nested": [{"held": value}]})
    line = json.loads(LambdaPowertoolsFormatter().format(record))
    assert line.keys() >= {"message", "held", "nested"}
    assert "CANARY" not in json.dumps(line)
    assert "CANARY" not in f"{value} {value!r}"
