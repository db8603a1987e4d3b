#include "CLinux.h"
#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int clinux_netlink_socket(int protocol, int timeout_ms) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    if (fd < 0) return -errno;
    struct timeval limit = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
    int on = 1;
    // Extended acknowledgements carry the kernel's own words; older kernels without them are as good otherwise.
    setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

long clinux_send(int fd, const void *bytes, size_t count) {
    long sent;
    do sent = send(fd, bytes, count, 0);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}

long clinux_receive(int fd, void *bytes, size_t capacity) {
    long count;
    do count = recv(fd, bytes, capacity, MSG_TRUNC);
    while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}
