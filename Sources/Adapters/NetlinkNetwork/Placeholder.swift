enum Placeholder_NetlinkNetwork {}
