"""The vendor's HTTP API, its records, and our share of its rate limit."""
