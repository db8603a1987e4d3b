#!/bin/bash
# in-namespace.sh COMMAND...: runs COMMAND as root in network, mount, process, IPC and host-name namespaces of its own,
# with private /run, /etc/libvirt and /var/lib/libvirt: bridges, taps, libvirtd and guests made in it cannot
# touch the machine's, and all of them end with the command, however it ends.
set -euo pipefail
[ $# -gt 0 ] || { sed -n '2,4p' "$0"; exit 2; }
if [ "$(id -u)" != 0 ]; then
    echo "these tests need root: they make bridges, taps, filter rules and virtual machines in namespaces" \
        "of their own (without root: make test-pure)" >&2
    exit 1
fi
if [ -z "${QVD_PRIVATE_NAMESPACES:-}" ]; then
    "$(dirname "$0")/fetch-guest-kernel.sh"   # there is no network inside
    export QVD_PRIVATE_NAMESPACES=1
    exec unshare --net --mount --pid --ipc --uts --fork --kill-child --mount-proc --propagation private \
        "$0" "$@"
fi
umount -l /sys && mount -t sysfs sysfs /sys   # else /sys/class/net shows the machine's interfaces
mount -t tmpfs tmpfs /run
mkdir -p /run/libvirt /run/lock /run/netns
for folder in /etc/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt; do
    mkdir -p "$folder" && mount -t tmpfs tmpfs "$folder"
done
ip link set lo up
# This shell stays as process 1 of the namespace and reaps: a killed emulator that stays a zombie looks alive to
# libvirt.
"$@" &
status=0
wait $! || status=$?
exit "$status"
