import CLibvirt
import Foundation

/// libvirt's event loop: one thread that lives as long as the process, for keepalive and events of all
/// connections.
enum LibvirtEventLoop {
    /// Started by the first use; must come before the first connection is opened.
    static let start: Void = {
        // libvirt writes keepalives to sockets whose libvirtd may just have died, and takes no care of the signal.
        signal(SIGPIPE, SIG_IGN)
        virInitialize()
        virSetErrorFunc(nil) { _, _ in }  // errors are thrown, not printed
        virEventRegisterDefaultImpl()
        let thread = Thread {
            // A failed round (it has never been seen) must not become a busy loop.
            while true {
                if virEventRunDefaultImpl() != 0 { usleep(100_000) }
            }
        }
        thread.name = "libvirt-loop"
        thread.start()
    }()
}
