import FarmModel
import Glibc
import GuestControl

/// Makes the guest ready for its user: the user disk on the home folder, the account, the home. Each step finds
/// what an earlier boot or a killed try left and goes on from there.
struct Provisioning: Sendable {
    let configuration: AgentConfiguration

    /// Time limits of single commands. Formatting 100 GiB under emulation takes some ten seconds.
    private let formatLimit: Duration = .seconds(180)
    private let mountLimit: Duration = .seconds(60)
    private let commandLimit: Duration = .seconds(30)

    /// Takes as long as it takes; every command in it has its limit.
    func run(wantedUser: String?) throws(AgentFailure) -> SessionAccount {
        nameHost()
        if let disk = configuration.homeDisk { try mountHome(disk, isWhole: true) }
        let account = try makeAccount(wanted: wantedUser)
        try makeHome(of: account)
        return account
    }

    /// X programs look their host's name up; `(none)`, the kernel's for none at all, makes some of them fail.
    private func nameHost() {
        var names = utsname()
        uname(&names)
        let text = withUnsafeBytes(of: names.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        guard text.isEmpty || text == "(none)" else { return }
        let fresh = "desktop"
        if sethostname(fresh, fresh.utf8.count) < 0 {
            AgentLog.warning("the guest has no host name and cannot be given one: \(SystemCall.text(of: errno))")
        }
    }

    // MARK: The user disk

    private func mountHome(_ device: String, isWhole: Bool) throws(AgentFailure) {
        let facts = try look(at: device)
        switch HomeDisk.decide(facts, device: device, isWhole: isWhole) {
        case .nothing:
            if facts == .absent { AgentLog.warning("there is no user disk \(device); homes are on the overlay") }
        case .format:
            AgentLog.info("the user disk \(device) is empty: making a file system on it")
            try format(device)
            try mount(device, type: "ext4")
        case .mount(let type):
            try mount(device, type: type)
        case .usePartition:
            let partition = device.last?.isNumber == true ? device + "p1" : device + "1"
            guard access(partition, F_OK) == 0 else {
                throw AgentFailure("the user disk \(device) has a table of partitions but no \(partition)")
            }
            try mountHome(partition, isWhole: false)
        case .refuse(let reason):
            throw AgentFailure(reason)
        }
    }

    private func look(at device: String) throws(AgentFailure) -> HomeDisk.Facts {
        var status = stat()
        guard stat(device, &status) == 0 else {
            if errno == ENOENT { return .absent }
            throw AgentFailure("look at the user disk \(device)", errno: errno)
        }
        if let source = try Self.source(mountedOn: configuration.homeFolder) {
            let isOurs = source == device || source == device + "1" || source == device + "p1"
            return isOurs ? .mounted : .occupied(by: source)
        }
        guard status.st_mode & S_IFMT == S_IFBLK else {
            throw AgentFailure("the user disk \(device) is no block device")
        }
        let probe = try GuestProgram.run(["blkid", "-p", "-o", "export", device], limit: commandLimit)
        let disk = try HomeDevice(device)
        return .found(
            HomeDisk.Signature(blkidStatus: probe.status, output: probe.output),
            HomeDisk.edges(first: try disk.edge(.first), last: try disk.edge(.last)))
    }

    /// What is mounted on a folder, or nil.
    static func source(mountedOn folder: String) throws(AgentFailure) -> String? {
        let table = try GuestFile.text("/proc/self/mounts", limit: 1 << 20) ?? ""
        var source: String?
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count > 1, fields[1] == folder { source = String(fields[0]) }
        }
        return source
    }

    private func format(_ device: String) throws(AgentFailure) {
        let disk = try HomeDevice(device)
        try disk.write(HomeDisk.mark)
        try GuestProgram.require(
            ["mkfs.ext4", "-q", "-m", "0", "-L", "qvd-home", device], limit: formatLimit)
        try disk.write([UInt8](repeating: 0, count: HomeDisk.mark.count))
    }

    private func mount(_ device: String, type: String) throws(AgentFailure) {
        try GuestFile.folder(configuration.homeFolder, mode: 0o755)
        try GuestProgram.require(
            ["mount", "-t", type, "-o", "nosuid,nodev", device, configuration.homeFolder], limit: mountLimit)
        AgentLog.info("mounted the user disk \(device) on \(configuration.homeFolder)")
    }

    // MARK: The account

    private func makeAccount(wanted: String?) throws(AgentFailure) -> SessionAccount {
        let folder = configuration.accountFolder
        guard let passwd = try GuestFile.text("\(folder)/passwd"), let group = try GuestFile.text("\(folder)/group")
        else { throw AgentFailure("there is no \(folder)/passwd or no \(folder)/group") }
        let files = AccountFiles(passwd: passwd, group: group, shadow: try GuestFile.text("\(folder)/shadow"))
        let decision = AccountDecision.decide(
            wanted: wanted, accounts: files, homes: configuration.homeFolder, homeOwner: homeOwner)
        switch decision {
        case .refuse(let reason): throw AgentFailure(reason)
        case .use(let account):
            note(wanted, account)
            return account
        case .add(var account, let addsGroup):
            if access(account.shell, X_OK) != 0 { account.shell = "/bin/sh" }
            let fresh = files.adding(account, addsGroup: addsGroup)
            // passwd last: an account is there only when all of it is.
            if addsGroup { try GuestFile.write(Array(fresh.group.utf8), to: "\(folder)/group", mode: 0o644) }
            if let shadow = fresh.shadow, shadow != files.shadow {
                try writeShadow(shadow, "\(folder)/shadow")
            }
            try GuestFile.write(Array(fresh.passwd.utf8), to: "\(folder)/passwd", mode: 0o644)
            note(wanted, account)
            return account
        }
    }

    /// Keeps the owner, which is root and a group of its own on Debian.
    private func writeShadow(_ text: String, _ path: String) throws(AgentFailure) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw AgentFailure("look at \(path)", errno: errno) }
        try GuestFile.write(
            Array(text.utf8), to: path, mode: status.st_mode & 0o7777, user: Int(status.st_uid),
            group: Int(status.st_gid))
    }

    private func note(_ wanted: String?, _ account: SessionAccount) {
        guard let wanted, wanted != account.name else { return }
        AgentLog.info("the login is no name for an account here; the session runs as \(account.name)")
    }

    private func homeOwner(_ name: String) -> (user: Int, group: Int)? {
        var status = stat()
        guard lstat("\(configuration.homeFolder)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            return nil
        }
        return (Int(status.st_uid), Int(status.st_gid))
    }

    // MARK: The home

    /// A home that is still root's was not finished: it is given to its user last.
    private func makeHome(of account: SessionAccount) throws(AgentFailure) {
        var status = stat()
        let exists = lstat(account.home, &status) == 0
        if exists {
            guard status.st_mode & S_IFMT == S_IFDIR else {
                throw AgentFailure("the home \(account.home) is not a folder")
            }
            if Int(status.st_uid) == account.user { return }
            guard status.st_uid == 0 else {
                throw AgentFailure(
                    "the home \(account.home) belongs to user id \(status.st_uid), but \(account.name) is"
                        + " \(account.user) in this image")
            }
        }
        try GuestFile.folder(account.home, mode: 0o700)
        if access(configuration.skeleton, R_OK | X_OK) == 0 {
            try GuestProgram.require(
                ["cp", "-dR", "--", "\(configuration.skeleton)/.", account.home], limit: commandLimit)
            try GuestProgram.require(
                ["chown", "-hR", "--", "\(account.user):\(account.group)", account.home], limit: commandLimit)
        }
        try GuestFile.folder(account.home, mode: 0o700, user: account.user, group: account.group)
    }
}
