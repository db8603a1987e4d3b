package import FarmModel

extension FarmLedger: FlavourRows {
    package func osf(_ id: OSFID) -> OSFlavour? { osfRows[id] }
    package func osfs() -> [OSFlavour] { osfRows.all }
    package func osfs(_ ids: [OSFID]) -> [OSFlavour] { Set(ids).sorted().compactMap { osfRows[$0] } }

    package mutating func put(_ osf: OSFlavour) {
        countWrite()
        osfRows.put(osf, at: osf.id)
    }

    package mutating func remove(_ osf: OSFID) {
        countWrite()
        osfRows.remove(osf)
    }
}
