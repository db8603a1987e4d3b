import ArgumentParser

/// How much of a node may be given to VMs.
struct CapacityOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Memory that may be given to VMs, in MiB, or with G or T; 0 for no limit.", valueName: "size"))
    var memory: SizeArgument?
    @Option(
        help: ArgumentHelp(
            "Virtual CPUs that may be given to VMs, more than the machine has if you like; 0 for no limit.",
            valueName: "count"))
    var cpus: Int?
}
