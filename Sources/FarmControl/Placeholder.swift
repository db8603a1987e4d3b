enum Placeholder_FarmControl {}
