import Foundation

/// A cpio archive in the "newc" form that Linux unpacks as its initial ramdisk. Same entries, same bytes.
struct CpioArchive {
    private(set) var data = Data()
    private var entries = 0

    mutating func add(folder name: String) { add(name, mode: 0o040755, Data()) }
    mutating func add(file name: String, executable: Bool = false, _ content: Data) {
        add(name, mode: executable ? 0o100755 : 0o100644, content)
    }
    mutating func add(link name: String, to target: String) { add(name, mode: 0o120777, Data(target.utf8)) }

    /// The archive with its end mark.
    func finished() -> Data {
        var copy = self
        copy.add("TRAILER!!!", mode: 0, Data())
        return copy.data
    }

    private mutating func add(_ name: String, mode: Int, _ content: Data) {
        entries += 1
        let size = name.utf8.count + 1
        // inode, mode, user, group, links, time, size, four device numbers, length of name, no checksum
        let fields = [entries, mode, 0, 0, 1, 0, content.count, 0, 0, 0, 0, size, 0]
        data += Data("070701".utf8) + Data(fields.map { String(format: "%08x", $0) }.joined().utf8)
        data += Data(name.utf8) + [0]
        pad()
        data += content
        pad()
    }

    private mutating func pad() { while data.count % 4 != 0 { data.append(0) } }
}
