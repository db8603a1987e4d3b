#pragma once
#include <stddef.h>
#include <stdint.h>

// Linux calls that Swift cannot make itself (variadic or built of macros). Every function returns a file descriptor
// or a count, or the negative errno.

// Netlink: an open socket of that protocol (NETLINK_ROUTE...) whose receive gives up after `timeout_ms`.
int clinux_netlink_socket(int protocol, int timeout_ms);
long clinux_send(int fd, const void *bytes, size_t count);
// The whole length of the message, which is more than `capacity` when it was cut off (MSG_TRUNC).
long clinux_receive(int fd, void *bytes, size_t capacity);

// Taps. `clinux_tap_open` makes the tap if there is none, and attaches to it; with IFF_NO_PI and IFF_VNET_HDR as
// emulators expect.
int clinux_tap_open(const char *name);
int clinux_tap_make_persistent(int fd);

// Raw frames of an interface, without waiting (AF_PACKET). `namespace_path` names the network namespace that the
// interface is in; NULL is the caller's own.
int clinux_packet_socket(const char *namespace_path, const char *interface);
// One received frame: its length, or -EAGAIN. `outgoing` is 1 for one that the interface sent.
long clinux_packet_receive(int fd, void *bytes, size_t capacity, int *outgoing);

// A monotonic clock's nanoseconds, for measurements (CLOCK_MONOTONIC).
int64_t clinux_monotonic_nanoseconds(void);
