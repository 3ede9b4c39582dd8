"""What the bridge decides. Pure: no I/O, no AWS, no clock, no environment."""
