enum Placeholder_EbtablesFilter {}
