/// The folders of the image storage, as absolute paths. They are made by the operator and never by this
/// adapter: a folder that is missing may be storage that is not mounted, and a disk made in its place would
/// hide the real one.
package struct DiskFolders: Sendable, Hashable {
    /// Base images, only ever read.
    package var images: String
    package var overlays: String
    /// User disks.
    package var homes: String

    package init(images: String, overlays: String, homes: String) {
        self.images = images
        self.overlays = overlays
        self.homes = homes
    }
}
