"""`make bench`: compares cold starts, invocations and package sizes with those of a bare handler."""
