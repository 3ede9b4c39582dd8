"""Cases made from docs/openapi.yaml by schemathesis, sent to the whole bridge on one machine."""
