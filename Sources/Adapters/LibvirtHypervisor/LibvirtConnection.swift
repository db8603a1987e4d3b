import CLibvirt
import FarmModel
import FarmPorts
import Glibc

/// One connection to libvirtd, used by one thread, and opened again when it broke. Every method blocks.
struct LibvirtConnection: ~Copyable {
    private let uri: String
    private var pointer: virConnectPtr?
    private var owners = KnownOwners()

    init(uri: String) { self.uri = uri }

    deinit { if let pointer { virConnectClose(pointer) } }

    /// libvirtd is taken for dead when it does not answer 3 questions asked every 5 seconds.
    static let keepaliveInterval: Int32 = 5
    static let keepaliveCount: UInt32 = 3

    /// Its calls; it is opened if there is none or the last one broke.
    mutating func open() throws(LibvirtFailure) -> LibvirtCalls {
        LibvirtEventLoop.start
        if let pointer {
            if virConnectIsAlive(pointer) == 1 { return LibvirtCalls(connection: pointer, owners: owners) }
            virConnectClose(pointer)
            self.pointer = nil
        }
        guard let opened = virConnectOpen(uri) else { throw .last() }
        guard virConnectSetKeepAlive(opened, Self.keepaliveInterval, Self.keepaliveCount) >= 0 else {
            let failure = LibvirtFailure.last()
            virConnectClose(opened)
            throw failure
        }
        pointer = opened
        owners = KnownOwners()
        return LibvirtCalls(connection: opened, owners: owners)
    }
}

/// The calls of the port, each on an open connection. Every function blocks.
struct LibvirtCalls {
    let connection: virConnectPtr
    let owners: KnownOwners

    private var isConnected: Bool { virConnectIsAlive(connection) == 1 }
    var failure: LibvirtFailure {
        // The error first: asking for the connection's life clears it.
        var failure = LibvirtFailure.last()
        failure.isConnected = isConnected
        return failure
    }

    /// Runs the work on the domain of that name; nil when there is none.
    private func withDomain<Value>(
        _ name: DomainName, _ work: (virDomainPtr) throws(LibvirtFailure) -> Value
    ) throws(LibvirtFailure) -> Value? {
        guard let domain = virDomainLookupByName(connection, name.text) else {
            let failure = failure
            if failure.isConnected && failure.isCode(VIR_ERR_NO_DOMAIN) { return nil }
            throw failure
        }
        defer { virDomainFree(domain) }
        return try work(domain)
    }

    private func isActive(_ domain: virDomainPtr) throws(LibvirtFailure) -> Bool {
        let answer = virDomainIsActive(domain)
        guard answer >= 0 else { throw failure }
        return answer == 1
    }

    func define(_ xml: String) throws(LibvirtFailure) {
        guard let domain = virDomainDefineXML(connection, xml) else { throw failure }
        virDomainFree(domain)
    }

    /// False when it is not defined.
    func create(_ name: DomainName) throws(LibvirtFailure) -> Bool {
        let isDone = try withDomain(name) { domain throws(LibvirtFailure) in
            guard virDomainCreate(domain) == 0 else { throw failure }
            return true
        }
        return isDone ?? false
    }

    /// False when it is not defined.
    func shutdown(_ name: DomainName) throws(LibvirtFailure) -> Bool {
        let isDone = try withDomain(name) { domain throws(LibvirtFailure) in
            guard virDomainShutdown(domain) == 0 else { throw failure }
            return true
        }
        return isDone ?? false
    }

    /// True when the domain is confirmed not to be live.
    func destroy(_ name: DomainName) throws(LibvirtFailure) -> Bool {
        let isGone = try withDomain(name) { domain throws(LibvirtFailure) in
            if virDomainDestroy(domain) != 0 {
                let failure = failure
                // Not running, or a transient domain that went meanwhile.
                guard failure.isConnected,
                    failure.isCode(VIR_ERR_OPERATION_INVALID) || failure.isCode(VIR_ERR_NO_DOMAIN)
                else { throw failure }
                if failure.isCode(VIR_ERR_NO_DOMAIN) { return true }
            }
            return try !isActive(domain)
        }
        return isGone ?? true
    }

    /// False when the domain is live.
    func undefine(_ name: DomainName) throws(LibvirtFailure) -> Bool {
        let flags =
            VIR_DOMAIN_UNDEFINE_MANAGED_SAVE.rawValue | VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA.rawValue
        let isDone = try withDomain(name) { domain throws(LibvirtFailure) in
            if try isActive(domain) { return false }
            if virDomainUndefineFlags(domain, flags) != 0 {
                let failure = failure
                guard failure.isConnected && failure.isCode(VIR_ERR_NO_DOMAIN) else { throw failure }
            }
            return true
        }
        return isDone ?? true
    }

    /// `libvirt 9.0.0, QEMU 7.2.22`
    func version() throws(LibvirtFailure) -> String {
        var libvirt: UInt = 0
        var emulator: UInt = 0
        guard virConnectGetLibVersion(connection, &libvirt) == 0,
            virConnectGetVersion(connection, &emulator) == 0
        else { throw failure }
        return "libvirt \(Self.dotted(libvirt)), QEMU \(Self.dotted(emulator))"
    }

    /// What host and hypervisor can do, in libvirt's XML.
    func capabilities() throws(LibvirtFailure) -> String {
        guard let text = virConnectGetCapabilities(connection) else { throw failure }
        defer { free(text) }
        return String(cString: text)
    }

    /// libvirt's form: 1,000,000 × major + 1,000 × minor + release.
    private static func dotted(_ version: UInt) -> String {
        "\(version / 1_000_000).\(version / 1_000 % 1_000).\(version % 1_000)"
    }
}
