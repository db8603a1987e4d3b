import FarmModel
import FarmPorts

/// Refuses what dnsmasq would read as something else, or would refuse without telling us.
enum ReservationCheck {
    static func check(_ reservations: [Reservation]) throws(PortError) {
        var vms: Set<VMID> = []
        var macs: Set<MACAddress> = []
        var addresses: Set<IPv4Address> = []
        for reservation in reservations {
            guard isLabel(reservation.hostName) else {
                throw refusal(
                    reservation.vm,
                    "`\(reservation.hostName)` is no host name: 1 to 63 letters, digits and hyphens, and neither"
                        + " a keyword nor a length of time")
            }
            guard vms.insert(reservation.vm).inserted else {
                throw refusal(reservation.vm, "it is there twice")
            }
            guard macs.insert(reservation.mac).inserted else {
                throw refusal(reservation.vm, "another VM has its MAC \(reservation.mac)")
            }
            guard addresses.insert(reservation.address).inserted else {
                throw refusal(reservation.vm, "another VM has its address \(reservation.address)")
            }
        }
    }

    private static func refusal(_ vm: VMID, _ detail: String) -> PortError {
        PortError(
            .rejected, .invalid, attempt: "publishing the DHCP reservation of VM \(vm)", detail: detail)
    }

    private static func isLabel(_ name: String) -> Bool {
        guard (1...63).contains(name.utf8.count), name.first != "-", name.last != "-",
            !["infinite", "ignore"].contains(name), name.utf8.allSatisfy(isLetterDigitOrHyphen)
        else { return false }
        // `45`, `12h`: dnsmasq takes them for the length of a DHCP lease.
        let digits = "wdhmsWDHMS".contains(name.last ?? " ") ? name.dropLast() : name[...]
        return !digits.allSatisfy(\.isNumber)
    }

    private static func isLetterDigitOrHyphen(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
    }
}
