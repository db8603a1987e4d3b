/// Which TCP ports are listened on, from `/proc/net/tcp` and `/proc/net/tcp6`. Looking at a table disturbs
/// nobody: a connection to a waiting nxagent ends it.
package enum ListeningPorts {
    /// The local ports in state LISTEN (`0A`) in the text of such a table; lines that are not understood count
    /// for nothing.
    package static func read(_ table: String) -> Set<Int> {
        var ports: Set<Int> = []
        for line in table.split(whereSeparator: \.isNewline) {
            let columns = line.split(separator: " ", omittingEmptySubsequences: true)
            guard columns.count > 3, columns[3] == "0A",
                let digits = columns[1].split(separator: ":").last, let port = Int(digits, radix: 16)
            else { continue }
            ports.insert(port)
        }
        return ports
    }
}
