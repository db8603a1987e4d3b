enum Placeholder_SQLiteStore {}
