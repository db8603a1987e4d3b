#pragma once
#include <sys/types.h>

/// Whom a program runs as, and from where. `user` below 0 keeps the caller's identity.
struct cagent_identity {
    int user;
    int group;
    const gid_t *groups;
    int group_count;
    const char *folder;
};

/// Starts a program in a session (setsid(2)) of its own, which outlives the caller. Standard input is /dev/null,
/// standard output and error are `output`; every other descriptor is closed, every signal has its default action.
///
/// With `identity->user` not negative the child takes that user, group and supplementary groups for good and then
/// enters the folder; a folder that cannot be entered becomes `/`. User or group 0 is refused with EPERM.
///
/// Returns the process id, or -errno of the step that failed, the program's own start included.
pid_t cagent_start(const char *path, char *const arguments[], char *const environment[],
                   const struct cagent_identity *identity, int output);

/// A pipe whose ends no started program inherits. Returns 0, or -1 with errno set.
int cagent_pipe(int ends[2]);
