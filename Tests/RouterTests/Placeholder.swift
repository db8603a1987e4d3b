enum Placeholder_RouterTests {}
