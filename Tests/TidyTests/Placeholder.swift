enum Placeholder_TidyTests {}
