import FarmModel

extension NodeConfiguration.Paths {
    init(_ text: ConfigurationText) throws(ConfigurationError) {
        run = try text.path(.pathRun)
        log = try text.path(.pathLog)
        let images = try text.path(.pathStorageImages)
        self.images = images
        overlays = try text.path(.pathStorageOverlays)
        homes = try text.path(.pathStorageHomes)
        moreStorages =
            try text.optional(
                .pathStorageMore,
                expected: "names with absolute folders, as in fast=/srv/fast, big=/srv/big: each name once, other than"
                    + " `default`, of a to z, 0 to 9 and -"
            ) { NodeConfiguration.Storage.list($0, images: images) } ?? []
        routerKey = try text.path(.pathSSLKey)
        routerCertificate = try text.path(.pathSSLCertificate)
        database = try text.path(.databasePath)
        lock = try text.path(.lockPath)
    }
}

extension NodeConfiguration.Paths {
    package var standardStorage: NodeConfiguration.Storage {
        NodeConfiguration.Storage(id: .standard, images: images, overlays: overlays, homes: homes)
    }

    /// All of the node, the standard one first.
    package var storages: [NodeConfiguration.Storage] { [standardStorage] + moreStorages }
}

extension NodeConfiguration.Storage {
    /// Of `fast=/srv/fast, big=/srv/big`; nil for anything else.
    fileprivate static func list(_ text: String, images: String) -> [NodeConfiguration.Storage]? {
        var storages: [NodeConfiguration.Storage] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = part.split(separator: "=", maxSplits: 1).map(trim)
            guard words.count == 2, let id = StorageID(words[0]), id != .standard, words[1].hasPrefix("/"),
                !storages.contains(where: { $0.id == id })
            else { return nil }
            storages.append(Self(id: id, images: images, overlays: "\(words[1])/overlays", homes: "\(words[1])/homes"))
        }
        return storages
    }
}

extension NodeConfiguration.Router {
    init(_ text: ConfigurationText) throws(ConfigurationError) {
        address = try text.value(.routerAddress, expected: "* or an IPv4 address of this machine") {
            IPv4Address($0 == "*" ? "0.0.0.0" : $0)
        }
        port = try text.number(.routerPort, 1...65_535)
        user = try text.value(.routerUser, expected: "the name of a user") { $0 }
        usesTLS = try text.flag(.routerTLS)
        start = try text.seconds(.routerStart)
        stop = try text.seconds(.routerStopVM)
        listening = try text.seconds(.routerListening)
        agentCall = try text.seconds(.routerAgentCall)
        takeOver = try text.seconds(.routerTakeOver)
        xStartRetriesMax = try text.number(.routerXStartTries, 0...1000)
        storePoll = try text.seconds(.routerStorePoll)
        sessionPoll = try text.seconds(.routerSessionPoll)
    }
}

extension NodeConfiguration.Network {
    init(_ text: ConfigurationText) throws(ConfigurationError) {
        // IFNAMSIZ is 16 with its final zero; the kernel refuses `/`, white space and the names `.` and `..`.
        bridge = try text.value(.vmBridge, expected: "an interface name of at most 15 characters") {
            $0.utf8.count <= 15 && !$0.contains { $0 == "/" || $0.isWhitespace } && $0 != "." && $0 != ".." ? $0 : nil
        }
        allowsIPv6 = try text.flag(.vmAllowIPv6)
        rangeStart = try text.optional(.vmRangeStart, expected: "an IPv4 address", IPv4Address.init)
        prefixLength = try text.optional(
            .vmNetmask, expected: "a dotted mask (255.255.255.0) or a prefix length (24)", prefixLength(of:))
        gateway = try text.optional(.vmGateway, expected: "an IPv4 address", IPv4Address.init)
    }
}

/// Of `255.255.255.0`, `24` or `/24`; nil for a mask with holes.
package func prefixLength(of text: String) -> Int? {
    let digits = text.hasPrefix("/") ? String(text.dropFirst()) : text
    if let length = Int(digits) { return (0...32).contains(length) ? length : nil }
    guard let mask = IPv4Address(text)?.bits else { return nil }
    let length = (~mask).leadingZeroBitCount
    return length == 32 || mask == ~UInt32(0) << (32 - UInt32(length)) ? length : nil
}

extension NodeConfiguration.Hypervisor {
    init(_ text: ConfigurationText) throws(ConfigurationError) {
        _ = try text.value(.vmHypervisor, expected: "kvm, the only one there is") { $0 == "kvm" ? $0 : nil }
        libvirtURI = try text.value(.libvirtURI, expected: "a libvirt URI such as qemu:///system") {
            $0.contains("://") ? $0 : nil
        }
        acceleration = try text.value(
            .acceleration, expected: choices(AccelerationChoice.self), AccelerationChoice.init(rawValue:))
        virtualCPUs = try text.number(.vmCPUs, 1...255)
        agentPort = try text.number(.vmAgentPort, 1...65_535)
        acceptsOriginalAgents = try text.flag(.vmaAcceptOriginal)
        keepsHungVMs = try text.flag(.vmDebug)
    }
}

extension NodeConfiguration.HouseKeeper {
    init(_ text: ConfigurationText) throws(ConfigurationError) {
        heavyMax = try text.number(.heavyMax, 1...1000)
        readEvery = try text.seconds(.readEvery)
        dhcpRestartDelay = try text.seconds(.dhcpRestartDelay)
        agentCall = try text.seconds(.agentCall)
        boot = try text.seconds(.boot)
        missesMax = try text.number(.missesMax, 1...100_000)
        silenceMax = try text.seconds(.silenceMax)
        pingAfterMiss = try text.seconds(.pingAfterMiss)
        pingAfterAnswer = try text.seconds(.pingAfterAnswer)
        powerOff = try text.seconds(.powerOff)
        shutdown = try text.seconds(.shutdown)
        zombieRetryMax = try text.seconds(.zombieRetryMax)
        routerStopTimeout = try text.seconds(.routerStopTimeout)
    }
}

extension NodeConfiguration.Commands {
    init(_ text: ConfigurationText) throws(ConfigurationError) {
        dnsmasq = try text.value(.commandDnsmasq, expected: "a program") { $0 }
        qemuImg = try text.value(.commandQemuImg, expected: "a program") { $0 }
        qemu = try text.value(.commandQemu, expected: "a program") { $0 }
    }
}
