enum Placeholder_ImageDisks {}
