import Foundation

/// A guest of one boot sector: writes `ready` to the serial console, sleeps, and powers the machine off when
/// the ACPI power button is pressed. It runs within half a second under TCG and takes no processor time after
/// that.
package enum TinyGuest {
    /// What the console shows when the guest obeys the power button.
    package static let readyText = "ready"

    /// Makes a raw disk image of 1 MiB that boots it.
    package static func writeRawImage(to path: String) throws {
        var image = Data(count: 1 << 20)
        image.replaceSubrange(0..<code.count, with: code)
        image[510] = 0x55
        image[511] = 0xaa
        try image.write(to: URL(fileURLWithPath: path))
    }

    /// Makes a qcow2 base image that boots it.
    package static func writeImage(to path: String) async throws {
        let raw = path + ".tmp"
        try writeRawImage(to: raw)
        try await RigCommand.run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, path)
        try FileManager.default.removeItem(atPath: raw)
    }

    /// Real mode, loaded at 0x7c00. The PIIX4's power management registers are at 0x600 (SeaBIOS puts them
    /// there): status 0x600, enable 0x602 (power button: bit 8), control 0x604 (sleep: bit 13, type 0 is
    /// off).
    private static let code: [UInt8] =
        [
            0x31, 0xc0, 0x8e, 0xd8,  // xor ax, ax; mov ds, ax
            0xba, 0x02, 0x06, 0xb8, 0x00, 0x01, 0xef,  // mov dx, 0x602; mov ax, 0x100; out dx, ax
            0xbe, 0x2d, 0x7c,  // mov si, text
            0xac, 0x84, 0xc0, 0x74, 0x06,  // next: lodsb; test al, al; jz idle
            0xba, 0xf8, 0x03, 0xee, 0xeb, 0xf5,  // mov dx, 0x3f8; out dx, al; jmp next
            0xfb, 0xf4,  // idle: sti; hlt (the timer wakes it 18 times a second)
            0xba, 0x00, 0x06, 0xed,  // mov dx, 0x600; in ax, dx
            0xf6, 0xc4, 0x01, 0x74, 0xf5,  // test ah, 1; jz idle
            0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef,  // mov dx, 0x604; mov ax, 0x2000; out dx, ax
            0xeb, 0xec,  // jmp idle
        ] + Array("\(readyText)\r\n".utf8) + [0]
}
