package import FarmModel
package import GuestProtocol

/// The options with which nxagent is started. Every value that came from a client is either matched against
/// an allow-list here or not used at all; `qvd.client.nxagent.extra_args` is not used. Printed without the
/// cookie.
package struct NXOptions: Sendable, Hashable, CustomStringConvertible {
    /// What kind of display the client has, in NX's words.
    package enum ClientSystem: String, Sendable, Hashable { case linux, windows, macosx }

    /// Where the agent runs: what the client has no say in.
    package struct Place: Sendable, Hashable {
        /// Folder in which nxagent keeps its session files. Without `,` `:` `=` and white space.
        package var root: String
        /// File into which nxagent writes its state. The same signs are forbidden.
        package var stateFile: String
        /// The only address whose connection nxagent takes; nil takes any.
        package var accepts: IPv4Address?
        /// The original's `internal.nxagent.display`: 100.
        package var display: Int
        /// The port on which it waits for the router; the original's is 4000 and the display.
        package var port: Int { 4000 + display }

        package init(root: String, stateFile: String, accepts: IPv4Address?, display: Int = 100) {
            self.root = root
            self.stateFile = stateFile
            self.accepts = accepts
            self.display = display
        }
    }

    package var keyboard: String?
    package var client: ClientSystem
    package var link: NXLink
    package var geometry: NXGeometry?
    package var isFullscreen: Bool
    /// Nil for an original client, which sends none.
    package var cookie: NXCookie?

    package init(
        keyboard: String? = nil, client: ClientSystem = .linux, link: NXLink = .adsl,
        geometry: NXGeometry? = nil,
        isFullscreen: Bool = false, cookie: NXCookie? = nil
    ) {
        self.keyboard = keyboard
        self.client = client
        self.link = link
        self.geometry = geometry
        self.isFullscreen = isFullscreen
        self.cookie = cookie
    }

    /// From the parameters of `x_start`. Throws, naming the parameter, for a value outside its allow-list. An
    /// absent or empty parameter takes its default; an unknown client system counts as Linux (an X display).
    package init(parameters: [String: String]) throws(GuestProtocolError) {
        func value<Value>(
            _ name: String, _ form: String, _ read: (String) -> Value?
        ) throws(GuestProtocolError) -> Value? {
            guard let text = parameters[name], !text.isEmpty else { return nil }
            guard let value = read(text) else {
                throw GuestProtocolError("session parameter \(name)", "not allowed; expected \(form)")
            }
            return value
        }
        self.init(
            keyboard: try value(SessionParameter.keyboard, "a layout such as pc105/us", Self.allowedKeyboard),
            client: parameters[SessionParameter.clientSystem].map(Self.clientSystem) ?? .linux,
            link: try value(
                SessionParameter.link,
                "\(NXLink.names.joined(separator: ", ")) or a bandwidth such as 56k or 1m",
                NXLink.init) ?? .adsl,
            geometry: try value(SessionParameter.geometry, "a size such as 1024x768", NXGeometry.init),
            isFullscreen: try value(SessionParameter.isFullscreen, "0 or 1", Self.flag) ?? false,
            cookie: try value(SessionParameter.nxCookie, "32 hexadecimal digits", NXCookie.init))
    }

    /// The one line of the options file, with its final newline.
    package func line(at place: Place) -> String { line(at: place, cookie: cookie?.text) + "\n" }

    /// The argument of nxagent's `-display` and the value of its `DISPLAY`.
    package static func display(optionsFile: String, display: Int) -> String {
        "nx/nx,options=\(optionsFile):\(display)"
    }

    package var description: String {
        line(at: Place(root: "…", stateFile: "…", accepts: nil), cookie: cookie.map { "\($0)" })
    }

    private func line(at place: Place, cookie: String?) -> String {
        var items = ["root=\(place.root)"]
        if let cookie { items.append("cookie=\(cookie)") }
        items += ["type=desktop", "client=\(client.rawValue)", "link=\(link)"]
        if let keyboard { items.append("keyboard=\(keyboard)") }
        if let geometry { items.append("geometry=\(geometry)") }
        if isFullscreen { items.append("fullscreen=1") }
        if let address = place.accepts { items.append("accept=\(address)") }
        items += ["listen=\(place.port)", "product=qvd", "resize=1", "state=\(place.stateFile)"]
        return "nx/nx,\(items.joined(separator: ",")):\(place.display)"
    }

    /// The original's own allow-list for such values: letters, digits and `_/-+`. At most 64 bytes.
    private static func allowedKeyboard(_ text: String) -> String? {
        let isAllowed =
            text.utf8.count <= 64
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "/"),
                    UInt8(ascii: "-"),
                    UInt8(ascii: "+"):
                    true
                default: false
                }
            }
        return isAllowed ? text : nil
    }

    private static func clientSystem(_ text: String) -> ClientSystem {
        switch text.lowercased() {
        case "windows", "winnt", "mswin32", "win32", "cygwin": .windows
        case "macosx", "macos", "darwin": .macosx
        default: .linux
        }
    }

    private static func flag(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "1", "true", "yes", "on": true
        case "0", "false", "no", "off": false
        default: nil
        }
    }
}
