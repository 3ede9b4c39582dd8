"""The rules of the bridge. Pure: no I/O, no AWS, no clock, no environment."""
