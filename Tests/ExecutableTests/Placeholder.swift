enum Placeholder_ExecutableTests {}
