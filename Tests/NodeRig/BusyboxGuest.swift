import Foundation

/// A Linux guest of 3 MB: Debian's cloud kernel and busybox in an initial ramdisk. It asks for an address by
/// DHCP, serves HTTP on port 3030, and tells on its console what it sees of secret and disks.
package struct BusyboxGuest: Sendable {
    package let kernelPath: String
    package let initialRamdiskPath: String
    /// What it is booted with by default: `quiet` and a serial console.
    package let commandLine = "console=ttyS0 quiet panic=-1"

    /// What the console shows once HTTP is served. The marks of a line before it: `MARK secret MD5`, `MARK
    /// vda TEXT` and `MARK vdb TEXT` (an `x` for each earlier boot with this disk); after it, `MARK address
    /// IP`.
    package static let readyText = "MARK ready"

    /// Builds the ramdisk in the folder (0.1 s) beside a link to the kernel, under these names, so that they
    /// can lie beside an image: `NAME.kernel`, `NAME.initrd`.
    package static func prepare(in folder: String, name: String = "busybox") throws -> BusyboxGuest {
        let cache = ProcessInfo.processInfo.environment["QVD_TEST_CACHE"] ?? "/var/cache/qvd-test"
        let kernel = "\(cache)/kernel/vmlinux"
        guard FileManager.default.fileExists(atPath: kernel) else {
            throw RigFailure(
                "no guest kernel at \(kernel); run Tests/fetch-guest-kernel.sh, or use `make test`")
        }
        let guest = BusyboxGuest(
            kernelPath: "\(folder)/\(name).kernel", initialRamdiskPath: "\(folder)/\(name).initrd")
        try FileManager.default.createSymbolicLink(atPath: guest.kernelPath, withDestinationPath: kernel)
        try ramdisk(modules: "\(cache)/kernel/modules").write(
            to: URL(fileURLWithPath: guest.initialRamdiskPath))
        return guest
    }

    /// In the order in which they must be loaded.
    private static let modules = [
        "virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "failover",
        "net_failover", "virtio_net", "virtio_blk", "qemu_fw_cfg",
    ]

    private static func ramdisk(modules folder: String) throws -> Data {
        var archive = CpioArchive()
        for name in ["bin", "proc", "sys", "dev", "etc", "lib", "www", "www/cgi-bin"] {
            archive.add(folder: name)
        }
        archive.add(
            file: "bin/busybox", executable: true,
            try Data(contentsOf: URL(fileURLWithPath: "/usr/bin/busybox")))
        archive.add(link: "bin/sh", to: "busybox")
        for module in modules {
            archive.add(
                file: "lib/\(module).ko", try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(module).ko"))
            )
        }
        archive.add(file: "etc/dhcp.sh", executable: true, Data(dhcpScript.utf8))
        archive.add(file: "www/cgi-bin/poweroff", executable: true, Data(powerOffScript.utf8))
        archive.add(file: "init", executable: true, Data(initScript.utf8))
        return archive.finished()
    }

    private static let initScript = """
        #!/bin/sh
        export PATH=/bin
        /bin/busybox --install -s /bin
        mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
        exec >/dev/console 2>&1 </dev/null
        for m in \(modules.joined(separator: " ")); do insmod /lib/$m.ko || echo "MARK no module $m"; done
        secret=/sys/firmware/qemu_fw_cfg/by_name/opt/qvd/secret/raw
        [ -f $secret ] && echo "MARK secret $(md5sum <$secret | cut -d' ' -f1)"
        for d in vda vdb; do
            [ -b /dev/$d ] || continue
            # 64 bytes at 128 KiB: a boot counter of this disk
            old=$(dd if=/dev/$d bs=64 skip=2048 count=1 2>/dev/null | tr -d '\\0')
            echo "MARK $d $old"
            printf 'x%s' "$old" | dd of=/dev/$d bs=64 seek=2048 count=1 conv=sync,notrunc 2>/dev/null
        done
        sync
        ip link set lo up
        echo "$(hostname)" >/www/index.html
        httpd -p 3030 -h /www
        echo "\(readyText)"
        if ip link set eth0 up; then udhcpc -i eth0 -s /etc/dhcp.sh -t 100 -T 1 -A 1 -q -n; fi
        while :; do sleep 1000; done

        """

    private static let dhcpScript = """
        #!/bin/sh
        case "$1" in
        deconfig) ip addr flush dev $interface; ip link set $interface up ;;
        bound | renew)
            ip addr add $ip/${mask:-24} broadcast + dev $interface
            [ -n "$router" ] && ip route add default via $router dev $interface
            [ -n "$hostname" ] && hostname "$hostname" && echo "$hostname" >/www/index.html
            echo "MARK address $ip"
            ;;
        esac

        """

    private static let powerOffScript = """
        #!/bin/sh
        printf 'Content-type: text/plain\\r\\n\\r\\nbye\\n'
        (sleep 0.2; poweroff -f) >/dev/null 2>&1 &

        """
}
