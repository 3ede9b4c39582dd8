"""What a cold start, an invocation and the packages cost, beside a bare handler: `make bench`."""
