import FarmModel
import FarmPorts
import Synchronization
import SystemCalls

/// Looks at base images. A look reads all of a qcow2 file's tables, so its result is kept as long as the file
/// is the same.
final class ImageInspection: Sendable {
    private let folder: String
    private let calls: BlockingCalls
    private let known = Mutex<[String: (identity: ReadOnlyFile.Identity, facts: ImageFacts)]>([:])
    /// Kept results, at most; a farm has some dozens of images.
    private static let knownMax = 1_000

    init(folder: String, calls: BlockingCalls) {
        self.folder = folder
        self.calls = calls
    }

    func inspect(_ imageFile: String) async throws(PortError) -> ImageFacts {
        let attempt = "inspecting image \(imageFile)"
        guard !imageFile.isEmpty, !imageFile.contains("/"), !imageFile.hasPrefix("."), !imageFile.contains("\0")
        else {
            throw PortError(
                .rejected, .invalid, attempt: attempt,
                detail: "an image's file is a plain name inside \(folder), without slash or leading dot")
        }
        return try await calls.run(attempt, about: "image \(imageFile)") { () throws(PortError) in
            let image = ImageFile("\(self.folder)/\(imageFile)", attempt: attempt)
            let file = try self.open(image, attempt: attempt)
            var facts: ImageFacts
            if let known = self.known.withLock({ $0[imageFile] }), known.identity == file.identity {
                facts = known.facts
            } else {
                facts = try image.inspect(file)
                self.known.withLock { [identity = file.identity, facts] known in
                    if known.count >= Self.knownMax { known.removeAll() }
                    known[imageFile] = (identity, facts)
                }
            }
            facts.directBoot = try image.directBoot()
            return facts
        }
    }

    /// A missing folder is told as one: the storage is not mounted, and the image no worse for it.
    private func open(_ image: ImageFile, attempt: String) throws(PortError) -> ReadOnlyFile {
        do throws(PortError) {
            return try image.open()
        } catch  where error.reason == .notFound {
            guard try FileCalls.status(folder, attempt: attempt) != nil else {
                throw FileCalls.missingFolder(folder, attempt: attempt)
            }
            throw error
        }
    }
}
