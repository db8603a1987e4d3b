import FarmModel

/// What the newest listing of the rules said. It is the truth while the generation of the rules stands that was asked
/// before the listing: what changed since, also in the midst of it, has counted that up.
struct HeldListing: Sendable {
    let filters: [ObservedFilter]
    private let generation: RulesetGeneration?
    private var uses = 0

    /// After this many uses the rules are listed all the same: the number begins anew with the kernel's module, and is
    /// counted up an instant before the change is in force.
    static let usesMax = 30

    /// - Parameters:
    ///   - text: as `ebtables-save` prints it.
    ///   - generation: nil when it is not known.
    init(_ text: String, asOf generation: RulesetGeneration?) {
        self.generation = generation
        let listing = RuleListing(text)
        filters = listing.taps.keys.sorted().map { ObservedFilter(tap: $0, isComplete: listing.isComplete($0)) }
    }

    /// What stands, if this listing still says it; nil when it is to be listed.
    mutating func use(in present: RulesetGeneration?) -> [ObservedFilter]? {
        guard let present, present == generation, uses < Self.usesMax else { return nil }
        uses += 1
        return filters
    }
}
