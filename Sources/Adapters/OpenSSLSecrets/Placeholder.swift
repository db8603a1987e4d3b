enum Placeholder_OpenSSLSecrets {}
