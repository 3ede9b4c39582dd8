"""The cost of the stack: usage counted in the simulation, with the prices of prices.json."""

import tests.simulation  # noqa: F401 - puts the layer on the path
