package import FarmPorts

/// What every password hasher must do.
package enum PasswordHasherContract {
    package static func check(_ hasher: any PasswordHasher) async throws {
        let passwords = ["secret", "", "pä$$ wörd \u{1F511}", String(repeating: "x", count: 1000), "a\0b"]
        for password in passwords {
            let hash = try await hasher.hash(password)
            try expect(hash.hasPrefix("$"), "the hash `\(hash)` is not in modular form")
            try expect(password.isEmpty || !hash.contains(password), "the hash shows the password")
            try expect(await hasher.verify(password, against: hash), "the right password is refused")
            try expect(await !hasher.verify(password + "x", against: hash), "a longer password is taken")
            try expect(await !hasher.verify(String(password.dropLast()) + "y", against: hash), "another is taken")
            let second = try await hasher.hash(password)
            try expect(second != hash, "two hashes of one password are equal: there is no new salt")
        }
        let hash = try await hasher.hash("secret")
        for broken in ["", "$", "secret", String(hash.dropLast(4)), hash + "A", "$unknown" + hash, hash.uppercased()] {
            try expect(await !hasher.verify("secret", against: broken), "`\(broken)` is taken for a hash")
        }
    }
}
