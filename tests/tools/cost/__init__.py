"""What the stack costs, and what makes it cost more: counted in the simulation, priced by prices.json."""

import tests.simulation  # noqa: F401 - it puts the layer on the path
