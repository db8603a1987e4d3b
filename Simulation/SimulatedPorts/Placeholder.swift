enum Placeholder_SimulatedPorts {}
