"""Fuzzing: schemathesis generates requests from docs/openapi.yaml, and sends them to the sandbox."""
