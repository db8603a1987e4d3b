enum Placeholder_LibvirtHypervisor {}
