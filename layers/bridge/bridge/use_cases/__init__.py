"""One module per use case. Each takes the Bridge and checked values, and speaks neither HTTP nor AWS."""
