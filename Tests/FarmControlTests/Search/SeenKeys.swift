/// A set of keys that takes 16 bytes for each place and nothing else. A key is random bits, so its own low bits say
/// where it belongs.
struct SeenKeys {
    /// No key is zero but with the probability 2⁻¹²⁸.
    private static let nothing = SearchKey(first: 0, second: 0)

    private var places: [SearchKey]
    private(set) var count = 0

    init() { places = Array(repeating: Self.nothing, count: 1024) }

    func contains(_ key: SearchKey) -> Bool { places[place(of: key)] == key }

    /// - Returns: false when it was there.
    mutating func insert(_ key: SearchKey) -> Bool {
        let place = place(of: key)
        guard places[place] != key else { return false }
        places[place] = key
        count += 1
        if count * 4 > places.count * 3 { grow() }
        return true
    }

    /// Where the key is, or the free place where it would go.
    private func place(of key: SearchKey) -> Int {
        let mask = places.count - 1
        var place = Int(truncatingIfNeeded: key.first) & mask
        while places[place] != key, places[place] != Self.nothing { place = (place + 1) & mask }
        return place
    }

    private mutating func grow() {
        let old = places
        places = Array(repeating: Self.nothing, count: old.count * 2)
        for key in old where key != Self.nothing { places[place(of: key)] = key }
    }
}
