import ArgumentParser
import FarmModel
import FarmPorts
import Foundation
import ImageDisks
import NodeConfiguration

struct DIAdd: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add an image to an OSF.",
        discussion: """
            Copies the file into the image folder, and with x.qcow2 also x.kernel and x.initrd if both lie beside it: \
            then they are what the VM boots. The new image gets the tag `head`, and `default` if the OSF has none \
            with it; its version is YYYY-MM-DD-NNN unless you name it.
            """)

    @OptionGroup var farm: FarmOptions
    @Argument(help: "The OSF that this is a version of.") var osf: String
    @Argument(help: "A qcow2 or raw disk image.") var file: String
    @Option(help: "The version, a tag that never moves.") var version: String?

    func run(in session: FarmSession) async throws {
        let names = try await session.references()
        let osf = try names.osf(osf)
        if let version, names.snapshot.images.contains(where: { $0.osf == osf.id && $0.tags.contains(version) }) {
            throw CommandFailure("OSF `\(osf.name)` already has a version or tag `\(version)`; choose another")
        }
        let copy = ImageCopy(
            source: URL(fileURLWithPath: file), folder: URL(fileURLWithPath: session.configuration.paths.images))
        let name = try copy.run()
        do {
            let facts = try await session.disks().inspect(imageFile: name)
            let command = AdministrationCommand.addImage(
                osf: osf.id, file: name, version: version, day: dayText(session.now))
            guard case .image(let id) = try await session.apply(command) else { return }
            let image = try await session.references().image("id:\(id)")
            print(
                "made image \(id) of \(osf.name): version \(image.version), file \(name), \(facts.format),"
                    + " \(sizeText(facts.virtualSize))")
        } catch {
            // An answer that was lost may have been a yes; then the file stays for its row.
            if (error as? PortError)?.effect != .outcomeUnknown { copy.remove(name) }
            throw error
        }
    }
}
