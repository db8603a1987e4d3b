enum Placeholder_GuestProtocolTests {}
