enum Placeholder_HTTPGuestAgent {}
