package import FarmModel

/// The host name a guest is given by DHCP, made from the VM's name.
package enum HostName {
    /// A label of RFC 1123 (lower-case letters, digits, inner hyphens; 1 to 63 octets) for any name at all.
    ///
    /// A name that is such a label already is kept. Any other is made into one and ends in `-<id>`; so does a
    /// label that ends like the made name of another VM, so that two VMs with different names never get one
    /// label.
    package static func label(for name: String, vm: VMID) -> String {
        if isKept(name, vm: vm) { return name }
        var words: [String] = []
        var word = ""
        for character in name.lowercased().unicodeScalars {
            if isLetterOrDigit(character) {
                word.unicodeScalars.append(character)
            } else if !word.isEmpty {
                words.append(word)
                word = ""
            }
        }
        if !word.isEmpty { words.append(word) }
        let suffix = "-\(vm)"
        var base = words.joined(separator: "-")
        if base.hasSuffix(suffix) { base.removeLast(suffix.count) }
        base = String(base.prefix(lengthMax - suffix.count))
        while base.last == "-" { base.removeLast() }
        return (base.isEmpty || isReserved(base) ? "vm" : base) + suffix
    }

    private static let lengthMax = 63

    private static func isKept(_ name: String, vm: VMID) -> Bool {
        guard (1...lengthMax).contains(name.utf8.count), name.first != "-", name.last != "-",
            !isReserved(name),
            name.unicodeScalars.allSatisfy({ isLetterOrDigit($0) || $0 == "-" })
        else { return false }
        guard let hyphen = name.lastIndex(of: "-") else { return true }
        let ending = name[name.index(after: hyphen)...]
        return !ending.allSatisfy(\.isNumber) || ending == vm.description
    }

    /// Words that a DHCP server's configuration reads as something else than a name: keywords, and lease
    /// times (`45`, `12h`).
    private static func isReserved(_ label: String) -> Bool {
        if label == "infinite" || label == "ignore" || label == "localhost" { return true }
        let digits = "wdhms".contains(label.last ?? "-") ? label.dropLast() : Substring(label)
        return digits.allSatisfy(\.isNumber)
    }

    private static func isLetterOrDigit(_ character: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(character) || ("0"..."9").contains(character)
    }
}
