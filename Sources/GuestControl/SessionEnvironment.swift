/// The environment of the session program.
package enum SessionEnvironment {
    /// Before the name of a property, whose letters become upper case and whose other signs become `_`.
    package static let propertyPrefix = "custom."
    package static let variablePrefix = "QVD_CUSTOM_"
    /// The longest name and value of a property that is handed over, in bytes.
    package static let nameLengthMax = 128
    package static let valueLengthMax = 4096

    /// `custom.demo.nonce` becomes `QVD_CUSTOM_DEMO_NONCE`. Values may hold printable text in any script, no
    /// control signs; a name may hold ASCII letters, digits, `.`, `_` and `-`. What does not fit is left out and
    /// its name returned. Of two names that give one variable the later in alphabetical order counts.
    package static func variables(
        of parameters: [String: String]
    ) -> (variables: [String: String], leftOut: [String]) {
        var variables: [String: String] = [:]
        var leftOut: [String] = []
        for (name, value) in parameters.sorted(by: { $0.key < $1.key }) where name.hasPrefix(propertyPrefix) {
            if let variable = variable(for: name), isPrintable(value) {
                variables[variable] = value
            } else {
                leftOut.append(name)
            }
        }
        return (variables, leftOut)
    }

    private static func variable(for name: String) -> String? {
        let rest = name.dropFirst(propertyPrefix.count)
        guard !rest.isEmpty, rest.utf8.count <= nameLengthMax else { return nil }
        var variable = variablePrefix
        for scalar in rest.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9": variable += String(scalar).uppercased()
            case ".", "_", "-": variable += "_"
            default: return nil
            }
        }
        return variable
    }

    private static func isPrintable(_ value: String) -> Bool {
        value.utf8.count <= valueLengthMax
            && value.unicodeScalars.allSatisfy { scalar in
                switch scalar.properties.generalCategory {
                case .control, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse, .format:
                    false
                default: true
                }
            }
    }
}
