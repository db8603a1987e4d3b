#pragma once
#include <sys/types.h>

/// Starts a program as a child that gets SIGTERM when the calling thread ends. Standard streams are inherited;
/// `listener`, when not negative, becomes descriptor 3 with LISTEN_FDS=1 (the convention of sd_listen_fds(3));
/// every other descriptor is closed.
///
/// With `user` not negative the child drops to that user and group, to no supplementary group but
/// `extra_group` (when not negative), without any capability and without a way to gain one (no_new_privs).
///
/// Returns the process id, or -errno of the step that failed, the program's own start included.
pid_t cprocess_start(const char *path, char *const arguments[], int listener, int user, int group, int extra_group);

/// Makes SIGTERM, SIGINT and SIGCHLD arrive as bytes on the returned descriptor, one per signal, its number as value.
/// SIGPIPE is ignored. Returns -errno when that fails. Call it once.
int cprocess_signals(void);

/// Takes an exclusive lock on the file, made with mode 0600 if need be, and writes the process id into it. Returns
/// the descriptor that holds the lock until it is closed or the process ends, or -errno; -EWOULDBLOCK when another
/// process holds it.
int cprocess_lock(const char *path);

/// Makes this process's network namespace that of the file (`/run/netns/NAME`). Only before any thread is started.
/// Returns 0 or -errno.
int cprocess_enter_network(const char *path);
