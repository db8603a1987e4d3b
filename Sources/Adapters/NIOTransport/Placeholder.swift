enum Placeholder_NIOTransport {}
