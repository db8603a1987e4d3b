#!/bin/bash
# fetch-guest-kernel.sh: unpacks Debian's cloud kernel for test guests into the cache, once: vmlinux (unpacked, so
# that a guest boots 0.5 s faster and all guests share its pages) and the modules of virtio. Nothing is installed.
# It needs the network only when the cache is empty; delete the folder to fetch a newer kernel.
set -euo pipefail
cache=${QVD_TEST_CACHE:-/var/cache/qvd-test}/kernel
[ -f "$cache/vmlinux" ] && exit 0
echo "fetching a kernel for test guests into $cache (about 20 MB, once)" >&2
mkdir -p "$cache"
work=$(mktemp -d "$cache/.part-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
[ -n "$package" ] || { echo "apt knows no linux-image-cloud-amd64; run: apt-get update" >&2; exit 1; }
apt-get -o APT::Sandbox::User=root -q=2 download "$package" >&2
dpkg-deb -x ./*.deb tree
# The compressed kernel starts with LZ4's magic number; what follows it makes lz4 complain after the kernel is out.
offset=$(LC_ALL=C grep -abom1 -P '\x02\x21\x4c\x18' tree/boot/vmlinuz-* | head -n 1 | cut -d: -f1)
tail -c "+$((offset + 1))" tree/boot/vmlinuz-* | lz4 -dc >vmlinux 2>lz4.log || true
if [ "$(head -c 4 vmlinux | tail -c 3)" != ELF ]; then
    echo "cannot unpack the kernel of $package: $(cat lz4.log)" >&2
    exit 1
fi
mkdir modules
# The guest loads them in this order (BusyboxGuest.swift).
for module in virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci failover net_failover \
    virtio_net virtio_blk qemu_fw_cfg; do
    find tree/lib/modules -name "$module.ko" -exec cp {} modules/ \;
done
echo "$package" >modules/package
rm -rf "$cache/modules"
mv modules "$cache/modules"
mv vmlinux "$cache/vmlinux" # last: its presence means all is there
