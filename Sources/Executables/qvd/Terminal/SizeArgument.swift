import ArgumentParser
import FarmModel

/// A size on the command line: a number of MiB, or a number with `M`, `G` or `T`.
struct SizeArgument: ExpressibleByArgument {
    let size: Mebibytes

    init?(argument: String) {
        let units: [Character: Int] = ["m": 1, "g": 1 << 10, "t": 1 << 20]
        let unit = argument.last.flatMap { units[Character($0.lowercased())] }
        guard let number = Int(unit == nil ? argument : String(argument.dropLast())), number >= 0 else { return nil }
        let (count, isTooLarge) = number.multipliedReportingOverflow(by: unit ?? 1)
        guard !isTooLarge else { return nil }
        size = Mebibytes(count)
    }
}

/// An IPv4 address on the command line.
struct AddressArgument: ExpressibleByArgument {
    let address: IPv4Address

    init?(argument: String) {
        guard let address = IPv4Address(argument) else { return nil }
        self.address = address
    }
}

/// The name of a storage.
struct StorageArgument: ExpressibleByArgument {
    let storage: StorageID

    init(storage: StorageID) { self.storage = storage }

    init?(argument: String) {
        guard let storage = StorageID(argument) else { return nil }
        self.storage = storage
    }

    var defaultValueDescription: String { storage.text }
}
