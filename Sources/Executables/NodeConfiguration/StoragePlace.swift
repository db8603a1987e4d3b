package import FarmModel

/// A place for disks. Base images are the same for all storages of a node.
package struct StoragePlace: Sendable, Equatable {
    package let id: StorageID
    package let images: String
    package let overlays: String
    package let homes: String
}

/// A storage as the configuration names it.
package struct NamedStorage: Sendable, Equatable {
    let id: StorageID
    let folder: String

    /// Of `fast=/srv/fast, big=/srv/big`; nil for anything else.
    static func list(_ text: String) -> [NamedStorage]? {
        var storages: [NamedStorage] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = part.split(separator: "=", maxSplits: 1).map(trim)
            guard words.count == 2, let id = StorageID(words[0]), id != .standard, words[1].hasPrefix("/"),
                !storages.contains(where: { $0.id == id })
            else { return nil }
            storages.append(NamedStorage(id: id, folder: words[1]))
        }
        return storages
    }
}

extension ConfigurationValues<PathKeys> {
    package var standardStorage: StoragePlace {
        StoragePlace(id: .standard, images: self.images, overlays: self.overlays, homes: self.homes)
    }

    /// Besides the standard one.
    package var moreStorages: [StoragePlace] {
        self.namedStorages.map {
            StoragePlace(id: $0.id, images: self.images, overlays: "\($0.folder)/overlays", homes: "\($0.folder)/homes")
        }
    }

    /// All of the node, the standard one first.
    package var storages: [StoragePlace] { [standardStorage] + moreStorages }
}
