"""AWS by boto3: clients, secrets and the queue."""
