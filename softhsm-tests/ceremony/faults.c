/*
 * For the tests only. Loaded before the C library (LD_PRELOAD), it simulates a process that is killed inside a write, a disk that is full
 * from a certain write on, and a clock that is ahead.
 *
 * FAULT_DOES    kill: the process is killed inside the write; full: this write and all later ones fail with ENOSPC
 * FAULT_PATH    only files whose path contains this text
 * FAULT_TEXT    only writes that contain this text; without it, new files and directories count too
 * FAULT_AT      which of these operations fails, counted from 1
 * FAULT_OCTETS  how many octets of it are written first; if negative, how many are left out
 * FAULT_COUNT   a file to which one line is added for each counted write, new file or new directory
 * FAULT_CLOCK   how many seconds the clock is ahead
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long counted;
static int is_full;

static const char *setting(const char *name) {
    const char *value = getenv(name);
    return value ? value : "";
}

/* Whether operations on this file are counted. */
static int is_meant(const char *path) {
    const char *wanted = setting("FAULT_PATH");
    return *wanted && strstr(path, wanted) != NULL;
}

static int is_meant_file(int file) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return is_meant(path);
}

static void note(const char *what) {
    const char *path = setting("FAULT_COUNT");
    if (!*path)
        return;
    int file = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    syscall(SYS_write, file, what, strlen(what));
    syscall(SYS_write, file, "\n", 1);
    syscall(SYS_close, file);
}

/* Whether this operation fails. Once the disk is full, it stays full. */
static int is_moment(const char *what) {
    if (is_full)
        return 1;
    note(what);
    return ++counted == atol(setting("FAULT_AT"));
}

static int is_full_now(const char *what) {
    if (*setting("FAULT_TEXT") || !is_moment(what))
        return 0;
    if (!strcmp(setting("FAULT_DOES"), "kill"))
        kill(getpid(), SIGKILL);
    is_full = 1;
    errno = ENOSPC;
    return 1;
}

static ssize_t write_at(int file, const void *octets, size_t length, off64_t offset, int has_offset) {
    if (has_offset)
        return syscall(SYS_pwrite64, file, octets, length, offset);
    return syscall(SYS_write, file, octets, length);
}

static ssize_t faulty(int file, const void *octets, size_t length, off64_t offset, int has_offset) {
    const char *text = setting("FAULT_TEXT");
    int is_wanted = is_meant_file(file) && (!*text || memmem(octets, length, text, strlen(text)) != NULL);
    int was_full = is_full;
    if (!is_wanted || !is_moment("write"))
        return write_at(file, octets, length, offset, has_offset);
    long some = atol(setting("FAULT_OCTETS"));
    if (some < 0)
        some += (long)length;
    if ((size_t)some > length)
        some = (long)length;
    ssize_t written = was_full || !some ? 0 : write_at(file, octets, (size_t)some, offset, has_offset);
    if (!strcmp(setting("FAULT_DOES"), "kill"))
        kill(getpid(), SIGKILL);
    is_full = 1;
    if (written > 0)
        return written;
    errno = ENOSPC;
    return -1;
}

ssize_t write(int file, const void *octets, size_t length) { return faulty(file, octets, length, 0, 0); }

ssize_t pwrite64(int file, const void *octets, size_t length, off64_t offset) {
    return faulty(file, octets, length, offset, 1);
}

ssize_t pwrite(int file, const void *octets, size_t length, off_t offset) {
    return faulty(file, octets, length, offset, 1);
}

static off64_t size_of(int file) {
    struct stat found;
    return fstat(file, &found) ? 0 : found.st_size;
}

int ftruncate64(int file, off64_t length) {
    if (length > size_of(file) && is_meant_file(file) && is_full_now("longer file"))
        return -1;
    return syscall(SYS_ftruncate, file, length);
}

int ftruncate(int file, off_t length) { return ftruncate64(file, length); }

static int open_faulty(const char *path, int flags, mode_t mode) {
    char full[4096] = "";
    if (*path == '/')
        snprintf(full, sizeof full, "%s", path);
    else if (getcwd(full, sizeof full)) {
        size_t length = strlen(full);
        snprintf(full + length, sizeof full - length, "/%s", path);
    }
    if ((flags & O_CREAT) && is_meant(full) && access(path, F_OK) && is_full_now("new file"))
        return -1;
    return syscall(SYS_openat, AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

static mode_t mode_of(int flags, va_list rest) { return flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; }

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return open_faulty(path, flags, mode);
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return open_faulty(path, flags, mode);
}

int mkdir(const char *path, mode_t mode) {
    if (is_meant(path) && access(path, F_OK) && is_full_now("new directory"))
        return -1;
    return syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int outcome = syscall(SYS_clock_gettime, clock, time);
    if (!outcome && clock == CLOCK_REALTIME)
        time->tv_sec += atol(setting("FAULT_CLOCK"));
    return outcome;
}
