enum Placeholder_Simulator {}
