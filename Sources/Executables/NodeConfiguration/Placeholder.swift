enum Placeholder_NodeConfiguration {}
