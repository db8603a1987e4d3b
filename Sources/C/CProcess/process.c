#define _GNU_SOURCE
#include "CProcess.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

static int drop(int user, int group, int extra_group) {
    gid_t extra = (gid_t)extra_group;
    if (setgroups(extra_group >= 0 ? 1 : 0, &extra) < 0) return errno;
    if (setresgid(group, group, group) < 0) return errno;
    if (setresuid(user, user, user) < 0) return errno;
    return 0;
}

/// Runs in the child between fork and exec: only async-signal-safe calls.
static void become(const char *path, char *const arguments[], char *const environment[], int listener, int user,
                   int group, int extra_group, int report, pid_t parent) {
    int error = 0;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    // The report pipe goes out of the way of 3 first; close_range then leaves only it and the listener.
    int kept = fcntl(report, F_DUPFD_CLOEXEC, 10);
    if (kept < 0) error = errno;
    if (!error && listener >= 0 && listener != 3 && dup2(listener, 3) < 0) error = errno;
    if (!error && listener == 3 && fcntl(3, F_SETFD, 0) < 0) error = errno;
    int first = listener >= 0 ? 4 : 3;
    if (!error && kept > first) syscall(SYS_close_range, first, kept - 1, 0);
    if (!error) syscall(SYS_close_range, kept + 1, ~0U, 0);
    if (!error && user >= 0) error = drop(user, group, extra_group);
    if (!error && user >= 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) error = errno;
    // After the change of user, which clears it; a parent that has gone meanwhile is noticed by its id.
    if (!error && prctl(PR_SET_PDEATHSIG, SIGTERM) < 0) error = errno;
    if (!error && getppid() != parent) _exit(0);
    if (!error) {
        execve(path, arguments, environment);
        error = errno;
    }
    ssize_t ignored = write(kept < 0 ? report : kept, &error, sizeof error);
    (void)ignored;
    _exit(127);
}

static char **environment_with_listener(void) {
    size_t count = 0;
    while (environ[count]) count++;
    char **copy = calloc(count + 2, sizeof *copy);
    if (!copy) return NULL;
    size_t used = 0;
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], "LISTEN_", 7) != 0) copy[used++] = environ[i];
    copy[used] = "LISTEN_FDS=1";
    return copy;
}

pid_t cprocess_start(const char *path, char *const arguments[], int listener, int user, int group, int extra_group) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
    char **environment = listener >= 0 ? environment_with_listener() : environ;
    if (!environment) {
        close(ends[0]);
        close(ends[1]);
        return -ENOMEM;
    }
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0)
        become(path, arguments, environment, listener, user, group, extra_group, ends[1], parent);
    int fork_error = errno;
    if (environment != environ) free(environment);
    close(ends[1]);
    int error = child < 0 ? fork_error : 0;
    if (!error) {
        ssize_t got;
        do got = read(ends[0], &error, sizeof error);
        while (got < 0 && errno == EINTR);
        if (got != sizeof error) error = 0;
    }
    close(ends[0]);
    return error ? -error : child;
}

static int signal_pipe[2] = {-1, -1};

static void forward(int number) {
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    ssize_t ignored = write(signal_pipe[1], &byte, 1);
    (void)ignored;
    errno = saved;
}

int cprocess_signals(void) {
    if (pipe2(signal_pipe, O_CLOEXEC) < 0) return -errno;
    // A full pipe means thousands of unread signals: one more says nothing new, and the handler must not block.
    fcntl(signal_pipe[1], F_SETFL, O_NONBLOCK);
    struct sigaction action = {.sa_handler = forward, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    int wanted[] = {SIGTERM, SIGINT, SIGCHLD};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (sigaction(wanted[i], &action, NULL) < 0) return -errno;
    signal(SIGPIPE, SIG_IGN);
    return signal_pipe[0];
}

int cprocess_lock(const char *path) {
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return -errno;
    if (flock(file, LOCK_EX | LOCK_NB) < 0) {
        int error = errno;
        close(file);
        return -error;
    }
    if (ftruncate(file, 0) == 0) dprintf(file, "%d\n", getpid());
    return file;
}

int cprocess_enter_network(const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -errno;
    int result = setns(file, CLONE_NEWNET) < 0 ? -errno : 0;
    close(file);
    return result;
}
