enum Placeholder_SimulationTests {}
