#define _GNU_SOURCE
#include "CLinux.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int open_here(const char *interface) {
    unsigned index = if_nametoindex(interface);
    if (index == 0) return -errno;
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL));
    if (fd < 0) return -errno;
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)index};
    // Room for all that a flooding test sends before it is read; without it the kernel drops silently.
    int room = 64 << 20;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

int clinux_packet_socket(const char *namespace_path, const char *interface) {
    if (!namespace_path) return open_here(interface);
    // A socket stays in the namespace that it was made in; the thread goes back at once.
    int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (home < 0) return -errno;
    int result = open(namespace_path, O_RDONLY | O_CLOEXEC);
    if (result < 0) {
        result = -errno;
    } else {
        int there = result;
        result = setns(there, CLONE_NEWNET) < 0 ? -errno : open_here(interface);
        close(there);
        if (setns(home, CLONE_NEWNET) < 0) abort();  // a thread lost in a foreign namespace must not go on
    }
    close(home);
    return result;
}

long clinux_packet_receive(int fd, void *bytes, size_t capacity, int *outgoing) {
    struct sockaddr_ll from = {0};
    socklen_t length = sizeof from;
    long count = recvfrom(fd, bytes, capacity, MSG_DONTWAIT, (struct sockaddr *)&from, &length);
    if (count < 0) return -errno;
    *outgoing = from.sll_pkttype == PACKET_OUTGOING;
    return count;
}

int64_t clinux_monotonic_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
