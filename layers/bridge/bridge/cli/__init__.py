"""Commands for operators. The layer does not include this folder, because no function uses it."""
