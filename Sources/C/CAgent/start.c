#define _GNU_SOURCE
#include "CAgent.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int take(const struct cagent_identity *identity) {
    if (identity->user < 0) return 0;
    if (identity->user == 0 || identity->group <= 0) return EPERM;
    uid_t user = (uid_t)identity->user;
    gid_t group = (gid_t)identity->group;
    if (setgroups((size_t)identity->group_count, identity->groups) < 0) return errno;
    if (setresgid(group, group, group) < 0) return errno;
    if (setresuid(user, user, user) < 0) return errno;
    // A way back would be a hole in everything above.
    if (setuid(0) == 0 || geteuid() != user || getegid() != group) return EPERM;
    return 0;
}

/// Runs in the child between fork and exec: only async-signal-safe calls.
static void become(const char *path, char *const arguments[], char *const environment[],
                   const struct cagent_identity *identity, int output, int report) {
    int error = 0;
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    umask(022);
    if (setsid() < 0) error = errno;
    // Out of the way of 0 to 2 first.
    int kept = fcntl(report, F_DUPFD_CLOEXEC, 10);
    int out = fcntl(output, F_DUPFD_CLOEXEC, 10);
    if (!error && (kept < 0 || out < 0)) error = errno;
    int in = open("/dev/null", O_RDONLY);
    if (!error && in < 0) error = errno;
    if (!error && in != 0 && dup2(in, 0) < 0) error = errno;
    if (!error && (dup2(out, 1) < 0 || dup2(out, 2) < 0)) error = errno;
    if (!error && kept > 3) syscall(SYS_close_range, 3, kept - 1, 0);
    if (!error) syscall(SYS_close_range, kept + 1, ~0U, 0);
    if (!error) error = take(identity);
    // As the user, so that nobody is led into a folder that is not theirs.
    if (!error && (!identity->folder || chdir(identity->folder) < 0) && chdir("/") < 0) error = errno;
    if (!error) {
        execve(path, arguments, environment);
        error = errno;
    }
    ssize_t ignored = write(kept < 0 ? report : kept, &error, sizeof error);
    (void)ignored;
    _exit(127);
}

pid_t cagent_start(const char *path, char *const arguments[], char *const environment[],
                   const struct cagent_identity *identity, int output) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
    pid_t child = fork();
    if (child == 0) become(path, arguments, environment, identity, output, ends[1]);
    int error = child < 0 ? errno : 0;
    close(ends[1]);
    if (!error) {
        ssize_t got;
        do got = read(ends[0], &error, sizeof error);
        while (got < 0 && errno == EINTR);
        if (got != sizeof error) error = 0;
    }
    close(ends[0]);
    if (error && child > 0) waitpid(child, NULL, 0);
    return error ? -error : child;
}

int cagent_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }
