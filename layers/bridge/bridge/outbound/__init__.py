"""HTTP calls to servers on the internet, within a deadline."""
