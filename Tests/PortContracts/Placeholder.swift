enum Placeholder_PortContracts {}
