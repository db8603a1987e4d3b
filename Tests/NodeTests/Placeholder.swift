enum Placeholder_NodeTests {}
