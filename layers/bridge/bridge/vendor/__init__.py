"""The vendor's HTTP API."""
