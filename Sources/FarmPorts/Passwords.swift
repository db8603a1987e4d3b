/// Memory-hard password hashing, off the event loops.
package protocol PasswordHasher: Sendable {
    /// A new salt each time; the result carries method, cost and salt.
    func hash(_ password: String) async throws(PortError) -> String
    /// False also for a hash it cannot read. Takes the same time for a wrong password as for a right one.
    /// An error means that nobody knows whether the password is right: there was no memory, or too many wait.
    func verify(_ password: String, against hash: String) async throws(PortError) -> Bool
}
