"""What the stack costs, and what makes it cost more: counted in the simulation, priced by prices.json."""

# The simulation's package puts the layer on the path.
import tests.simulation  # noqa: F401
