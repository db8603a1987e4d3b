enum Placeholder_FarmServices {}
