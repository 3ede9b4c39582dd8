"""Mutation testing of what decides, stores and completes: how many small lies in the code the tests find out."""
