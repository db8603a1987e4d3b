package import FarmModel

/// Chooses the image a VM starts from: the image of its OSF that has its tag and is not blocked.
package enum ImageChoice {
    /// - Returns: the image, or in words why there is none and what to do.
    package static func choose(for assignment: Assignment) -> Result<DiskImage, ImageChoiceFailure> {
        let tag = assignment.vm.tag
        let tagged = assignment.images.filter { $0.tags.contains(tag) }
        guard let image = tagged.min(by: { $0.id < $1.id }) else {
            return .failure(
                .init(
                    words: "OSF \(assignment.osf.name) has no image with the tag \(tag);"
                        + " add one with `qvd di add` or tag one with `qvd di tag`"))
        }
        guard !image.isBlocked else {
            return .failure(
                .init(
                    words: "image \(image.id) (\(image.file), tag \(tag)) is blocked;"
                        + " unblock it with `qvd di unblock \(image.id)`"))
        }
        return .success(image)
    }
}

package struct ImageChoiceFailure: Error, Sendable, Hashable {
    package let words: String
}
