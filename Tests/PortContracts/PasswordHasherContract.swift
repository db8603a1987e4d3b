package import FarmPorts

/// What every password hasher must do.
package enum PasswordHasherContract {
    package static func check(_ hasher: any PasswordHasher) async throws {
        let passwords = ["secret", "", "pä$$ wörd \u{1F511}", String(repeating: "x", count: 1000), "a\0b"]
        for password in passwords {
            let hash = try await hasher.hash(password)
            try expect(hash.hasPrefix("$"), "the hash `\(hash)` is not in modular form")
            try expect(password.isEmpty || !hash.contains(password), "the hash shows the password")
            try expect(try await hasher.verify(password, against: hash), "the right password is refused")
            try expect(try await !hasher.verify(password + "x", against: hash), "a longer password is taken")
            let another = String(password.dropLast()) + "y"
            try expect(try await !hasher.verify(another, against: hash), "another is taken")
            let second = try await hasher.hash(password)
            try expect(second != hash, "two hashes of one password are equal: there is no new salt")
        }
        let hash = try await hasher.hash("secret")
        for broken in ["", "$", "secret", String(hash.dropLast(4)), hash + "A", "$unknown" + hash, hash.uppercased()] {
            try expect(try await !hasher.verify("secret", against: broken), "`\(broken)` is taken for a hash")
        }
    }

    /// A hasher that cannot work (no memory, too many waiting, nobody there) says so. It takes no password for wrong,
    /// and none for right.
    ///
    /// - Parameter hash: that of `secret`, made before.
    package static func checkThatItSaysSo(_ exhausted: any PasswordHasher, hash: String) async throws {
        for (password, against) in [("secret", hash), ("wrong", hash), ("secret", "no hash")] {
            let error = await failure(of: { () async throws(PortError) in
                _ = try await exhausted.verify(password, against: against)
            })
            guard let error else {
                throw StoreContractFailure(message: "`\(password)` got a verdict", file: #fileID, line: #line)
            }
            let possible: Set<PortError.Reason> = [.limit, .unavailable, .timedOut]
            try expect(possible.contains(error.reason), "the reason is \(error.reason): \(error)")
            try expect(!"\(error)".contains("wrong"), "the error tells the password: \(error)")
        }
        let error = await failure(of: { () async throws(PortError) in _ = try await exhausted.hash("secret") })
        try expect(error != nil, "a hash was made")
    }

    private static func failure(of call: () async throws(PortError) -> Void) async -> PortError? {
        do throws(PortError) {
            try await call()
            return nil
        } catch {
            return error
        }
    }
}
