/// Rows sorted by key. Numbers only grow, so a new row is nearly always the last one.
struct Rows<Key: Comparable & Sendable, Row: Sendable>: Sendable {
    private(set) var keys: [Key] = []
    private(set) var all: [Row] = []

    subscript(key: Key) -> Row? {
        let index = position(of: key)
        return index < keys.count && keys[index] == key ? all[index] : nil
    }

    /// The first rows with keys above one that are wanted; with `only`, that one if it is.
    func part(after key: Key, limit: Int, only: Key?, _ isWanted: (Row) -> Bool) -> [Row] {
        if let only { return only > key ? self[only].map { isWanted($0) ? [$0] : [] } ?? [] : [] }
        var found: [Row] = []
        var index = position(of: key)
        if index < keys.count, keys[index] == key { index += 1 }
        while index < all.count, found.count < limit {
            if isWanted(all[index]) { found.append(all[index]) }
            index += 1
        }
        return found
    }

    mutating func put(_ row: Row, at key: Key) {
        if let last = keys.last, last >= key {
            let index = position(of: key)
            if keys[index] == key {
                all[index] = row
            } else {
                keys.insert(key, at: index)
                all.insert(row, at: index)
            }
        } else {
            keys.append(key)
            all.append(row)
        }
    }

    /// False when there was none.
    @discardableResult
    mutating func remove(_ key: Key) -> Bool {
        let index = position(of: key)
        guard index < keys.count, keys[index] == key else { return false }
        keys.remove(at: index)
        all.remove(at: index)
        return true
    }

    /// Of the first key that is not smaller.
    private func position(of key: Key) -> Int {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
