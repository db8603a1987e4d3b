enum Placeholder_AdapterTests {}
