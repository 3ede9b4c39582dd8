"""Mutation testing: changes the code in small ways, and counts the changes that make a test fail."""
