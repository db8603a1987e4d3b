enum Placeholder_FarmControlTests {}
