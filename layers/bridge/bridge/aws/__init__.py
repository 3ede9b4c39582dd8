"""AWS through boto3: clients, secrets, queues and the event bus."""
