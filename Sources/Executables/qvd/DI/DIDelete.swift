import ArgumentParser
import FarmModel
import Foundation
import NodeConfiguration

struct DIDelete: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete images that no VM runs on or would start on, with their files.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more images: numbers, files, or OSF:TAG.") var images: [String]
    @Flag(help: "Leave the file in the image folder.") var keepFile = false

    func run(in session: FarmSession) async throws {
        try await session.forEach(images) { name in
            let image = try await session.references().image(name)
            try await session.apply(.deleteImage(image.id))
            let folder = URL(fileURLWithPath: session.configuration.paths.images)
            if !keepFile { ImageCopy(source: folder, folder: folder).remove(image.file) }
        }
    }
}
