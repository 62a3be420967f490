/*
 * For the tests only. Simulates another process that changes the files of a ceremony at the worst moment.
 *
 * `exchange LOG DIRECTORY OTHERS PROGRAM ARGUMENT...` runs PROGRAM. For each regular file below DIRECTORY that PROGRAM opens, a line with its path
 * relative to DIRECTORY goes to LOG. When it opens one for the first time, that file is exchanged with the one of the same path below OTHERS, if there
 * is one: before PROGRAM continues, so that it reads the first version from what it has opened, and the other version if it opens the file again.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILES 1000

static char *opened[FILES];
static int count;

static int is_first(const char *name) {
    for (int i = 0; i < count; i++)
        if (!strcmp(opened[i], name))
            return 0;
    if (count < FILES)
        opened[count++] = strdup(name);
    return 1;
}

static void look(FILE *log, pid_t thread, long long file, const char *directory, const char *others) {
    char link[64], path[4096], other[8192];
    struct stat found;
    snprintf(link, sizeof link, "/proc/%d/fd/%lld", thread, file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0 || stat(link, &found) || !S_ISREG(found.st_mode))
        return;
    path[length] = 0;
    size_t above = strlen(directory);
    if (strncmp(path, directory, above) || path[above] != '/')
        return;
    const char *name = path + above + 1;
    fprintf(log, "%s\n", name);
    snprintf(other, sizeof other, "%s/%s", others, name);
    if (is_first(name) && !access(other, F_OK) && renameat2(AT_FDCWD, path, AT_FDCWD, other, RENAME_EXCHANGE)) {
        perror(path);
        exit(99);
    }
}

/* The child stops at each openat, and nowhere else. */
static void start(char **command) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
        perror("seccomp");
        _exit(99);
    }
    execv(*command, command);
    perror(*command);
    _exit(99);
}

int main(int argc, char **argv) {
    if (argc < 5)
        return 99;
    FILE *log = fopen(argv[1], "w");
    pid_t child = fork();
    if (!log || child < 0)
        return 99;
    if (!child)
        start(argv + 4);
    int status, code = 99;
    waitpid(child, &status, 0);
    long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                   PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC;
    if (ptrace(PTRACE_SETOPTIONS, child, 0, options) || ptrace(PTRACE_CONT, child, 0, 0)) {
        perror("ptrace");
        return 99;
    }
    for (pid_t thread; (thread = waitpid(-1, &status, __WALL)) > 0;) {
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (thread == child)
                code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            continue;
        }
        int event = status >> 16, signal = WSTOPSIG(status);
        if (event == PTRACE_EVENT_SECCOMP) {
            /* The next stop is the end of this call. */
            ptrace(PTRACE_SYSCALL, thread, 0, 0);
            continue;
        }
        if (signal == (SIGTRAP | 0x80)) {
            struct __ptrace_syscall_info call;
            long length = ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof call, &call);
            if (length > 0 && call.op == PTRACE_SYSCALL_INFO_EXIT && !call.exit.is_error)
                look(log, thread, call.exit.rval, argv[2], argv[3]);
            signal = 0;
        }
        /* A new thread begins with SIGSTOP. */
        ptrace(PTRACE_CONT, thread, 0, event || signal == SIGSTOP ? 0 : signal);
    }
    fclose(log);
    return code;
}
