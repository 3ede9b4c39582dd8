"""Commands for operators. The layer does not include this folder, because no function uses it.

A command that fails ends with `sys.exit(message)`, also deep inside: exit code 1. Only doctor returns its exit code.
"""
