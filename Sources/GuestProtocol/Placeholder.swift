enum Placeholder_GuestProtocol {}
