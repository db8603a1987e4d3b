enum Placeholder_SystemClock {}
