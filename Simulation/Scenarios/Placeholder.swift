enum Placeholder_Scenarios {}
