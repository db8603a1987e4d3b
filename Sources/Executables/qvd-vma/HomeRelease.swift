import FarmModel
import Glibc
import GuestControl

/// Leaves the user disk clean before the guest ends: processes of the user first, then the file system.
struct HomeRelease {
    let configuration: AgentConfiguration

    func run(user: Int?) throws(AgentFailure) {
        if let user {
            try signalAll(of: user, SIGTERM)
            let deadline = SystemCall.now().advanced(by: .seconds(2))
            while try !processes(of: user).isEmpty, SystemCall.now() < deadline {
                SystemCall.pause(milliseconds: 50)
            }
            try signalAll(of: user, SIGKILL)
        }
        sync()
        guard configuration.homeDisk != nil,
            try Provisioning.source(mountedOn: configuration.homeFolder) != nil
        else { return }
        let ending = try GuestProgram.run(["umount", configuration.homeFolder], limit: .seconds(20))
        guard ending.status != 0 else { return }
        // Busy: detached now, clean when its last user is gone. What is written is safe already.
        try GuestProgram.require(["umount", "-l", configuration.homeFolder], limit: .seconds(20))
        sync()
    }

    private func signalAll(of user: Int, _ number: Int32) throws(AgentFailure) {
        for process in try processes(of: user) { kill(process, number) }
    }

    private func processes(of user: Int) throws(AgentFailure) -> [Int32] {
        guard let folder = opendir("/proc") else { throw AgentFailure("read /proc", errno: errno) }
        defer { closedir(folder) }
        var found: [Int32] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let id = Int32(name), id > 1 else { continue }
            var status = stat()
            guard stat("/proc/\(name)", &status) == 0, Int(status.st_uid) == user,
                try GuestProcess.identify(id) != nil
            else { continue }
            found.append(id)
        }
        return found
    }
}
