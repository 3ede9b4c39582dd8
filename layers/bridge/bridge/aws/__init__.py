"""AWS through boto3: clients, secrets and the queue."""
