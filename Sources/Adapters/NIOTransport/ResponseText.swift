import FarmPorts
import NIOCore
import NIOHTTP1

/// Writes answers as bytes. By hand rather than by an encoder, because clients of the original count on the
/// exact form of 102 and 101, and because one handler less is memory less in each session.
enum ResponseText {
    static func progress(_ text: String) -> ByteBuffer {
        ByteBuffer(string: "HTTP/1.1 102 Processing\r\nX-QVD-VM-Info: \(headerValue(text))\r\n\r\n")
    }

    static func switching(_ headers: [HTTPField]) -> ByteBuffer {
        var text = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: QVD/1.0\r\n"
        append(headers, to: &text)
        return ByteBuffer(string: text + "\r\n")
    }

    static func final(_ response: ClientResponse, isLast: Bool) -> ByteBuffer {
        let status = HTTPResponseStatus(statusCode: response.status)
        var text = "HTTP/1.1 \(response.status) \(status.reasonPhrase)\r\n"
        append(response.headers, to: &text)
        text += "Content-Type: \(headerValue(response.contentType))\r\n"
        text += "Content-Length: \(response.body.utf8.count)\r\n"
        text += "Connection: \(isLast ? "close" : "keep-alive")\r\n\r\n"
        return ByteBuffer(string: text + response.body)
    }

    private static func append(_ headers: [HTTPField], to text: inout String) {
        for header in headers { text += "\(header.name): \(headerValue(header.value))\r\n" }
    }

    /// A value on one line, whatever it was: a line break would let it add headers.
    private static func headerValue(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? " " : $0 }))
    }
}
