enum Placeholder_DnsmasqAddresses {}
