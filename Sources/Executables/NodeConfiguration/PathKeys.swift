/// Where things are kept. Absolute paths.
package struct PathKeys: ConfigurationKeyGroup {
    package let run = ConfigurationKey.path(
        "path.run", default: "/run/qvd", "sockets, locks, secrets, DHCP reservations; emptied at boot")
    package let log = ConfigurationKey.path("path.log", default: "/var/log/qvd", "logs and serial consoles")
    package let storageRoot = ConfigurationKey.path(
        "path.storage.root", default: "/var/lib/qvd/storage", "where images and disks are kept")
    package let images = ConfigurationKey.path(
        "path.storage.images", default: "${path.storage.root}/images", "base images, only ever read")
    package let overlays = ConfigurationKey.path(
        "path.storage.overlays", default: "${path.storage.root}/overlays", "each VM's writable layer")
    package let homes = ConfigurationKey.path(
        "path.storage.homes", default: "${path.storage.root}/homes", "user disks")
    package let namedStorages = ConfigurationKey<[NamedStorage]>(
        "path.storage.more", default: "",
        "own: further storages, NAME=FOLDER, ...; each has its own overlays and homes",
        expected: "names with absolute folders, as in fast=/srv/fast, big=/srv/big: each name once, other than"
            + " `default`, of a to z, 0 to 9 and -",
        whenAbsent: [], NamedStorage.list)
    package let routerFolder = ConfigurationKey.path(
        "path.l7r.ssl", default: "/var/lib/qvd/l7r", "folder of the router's key and certificate")
    package let routerKey = ConfigurationKey.path(
        "path.l7r.ssl.key", default: "${path.l7r.ssl}/key.pem", "private key of the router, PEM")
    package let routerCertificate = ConfigurationKey.path(
        "path.l7r.ssl.cert", default: "${path.l7r.ssl}/cert.pem", "certificate of the router, PEM; made if absent")
    package let database = ConfigurationKey.path(
        "database.path", default: "/var/lib/qvd/database/farm.db", "own: the farm's embedded database")
    package let lock = ConfigurationKey.path(
        "internal.hkd.lock.path", default: "${path.run}/hkd.lock", "lock that keeps a second daemon from this node")
}
