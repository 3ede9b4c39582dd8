"""One module per use case. Each takes the Dependencies and checked values, and speaks neither HTTP nor AWS."""
