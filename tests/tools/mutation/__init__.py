"""Mutation testing: how many small changes of the code make a test fail."""
