enum Placeholder_StoreTests {}
