"""Commands for operators. The functions use none of them, so the layer leaves this folder out."""
