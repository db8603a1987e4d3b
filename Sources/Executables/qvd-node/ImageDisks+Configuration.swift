import FarmModel
import ImageDisks
import NodeConfiguration

extension ImageDisks {
    /// The disks on one of the node's storages.
    init(_ storage: StoragePlace, of farm: FarmID, _ configuration: NodeConfiguration) {
        self.init(
            farm: farm,
            folders: DiskFolders(images: storage.images, overlays: storage.overlays, homes: storage.homes),
            command: configuration.commands.qemuImg)
    }
}
