"""Logs and metrics: ids, statuses and names of errors. Never personal data, a token, a url, a code or a secret.

The alarms in template.yaml watch the metrics by these names.
"""

import logging

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

# What these have to say of a request quotes its URL, which ends in a token, or headers; Lambda would print it.
for library in ("urllib3", "botocore"):
    logging.getLogger(library).setLevel(logging.ERROR)

logger = Logger()
metrics = Metrics()

INCONSISTENT_RESULT = "InconsistentResult"
VENDOR_CREDENTIALS = "VendorCredentials"
VENDOR_FAULT = "VendorFault"
STORAGE_FAULT = "StorageFault"
GAVE_UP = "GaveUp"


def count(metric: str) -> None:
    metrics.add_metric(name=metric, unit=MetricUnit.Count, value=1)
