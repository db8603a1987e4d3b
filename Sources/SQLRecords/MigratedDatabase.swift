package import FarmPorts

/// A connection to the database whose schema a `Migrator` looks after.
package protocol MigratedDatabase: Statements {
    /// How messages name the database: its path, for instance.
    var place: String { get }

    /// False for an empty database and for one of something else.
    func isFarm() throws(PortError) -> Bool

    /// Marks an empty database as a farm's, for `isFarm`.
    func markAsFarm() throws(PortError)

    /// All of `body` or, when it throws, none of it; no other write comes between.
    ///
    /// - Parameter wrap: makes the database's own errors what `body` throws.
    func writeTransaction<Value, Failure: Error>(
        _ body: () throws(Failure) -> Value, _ wrap: (PortError) -> Failure
    ) throws(Failure) -> Value
}
