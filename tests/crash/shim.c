/* Records what a process does to the files below $CRASH_ROOT, in order, to $CRASH_LOG.
 *
 * Preloaded (LD_PRELOAD).  Each record: kind (1 byte), inode (8), position (8), length of name (4), length of data (4), name,
 * data; little-endian.  A write is recorded after it was done.  A sync is recorded after it was done too, and its position says
 * how many records there were when it began: it vouches for those only.  Files that a crash may lose anyway (-shm, .lock,
 * .owner) are left out.
 *
 * With $CRASH_FAIL set to the name of a file, writes and syncs below the root fail with EIO while that file exists.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static uint64_t records;
static int log_fd = -1;
static pid_t log_pid;
static ssize_t (*real_write)(int, const void *, size_t);

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static int ends_with(const char *text, const char *end) {
    size_t a = strlen(text), b = strlen(end);
    return a >= b && !strcmp(text + a - b, end);
}

static int is_watched(const char *path) {
    const char *root = getenv("CRASH_ROOT");
    if (!root || strncmp(path, root, strlen(root))) return 0;
    return !ends_with(path, "-shm") && !strstr(path, ".lock") && !strstr(path, ".owner");
}

/* The path behind a handle, if it is watched. */
static int watched_handle(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, PATH_MAX - 1);
    if (n <= 0) return 0;
    path[n] = 0;
    return is_watched(path);
}

static int must_fail(void) {
    const char *flag = getenv("CRASH_FAIL");
    return flag && !access(flag, F_OK);
}

static uint64_t inode_of(int fd) {
    struct stat found;
    return fstat(fd, &found) ? 0 : found.st_ino;
}

static void put(const void *bytes, size_t n) {
    const char *at = bytes;
    if (!real_write) real_write = dlsym(RTLD_NEXT, "write");
    while (n) {
        ssize_t done = real_write(log_fd, at, n);
        if (done <= 0) abort();
        at += done;
        n -= done;
    }
}

static void record(char kind, uint64_t inode, uint64_t position, const char *name, const void *data, size_t size) {
    uint32_t lengths[2] = {strlen(name), size};
    uint64_t numbers[2] = {inode, position};
    pthread_mutex_lock(&guard);
    if (log_fd < 0 || log_pid != getpid()) {
        const char *path = getenv("CRASH_LOG");
        log_fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
        log_pid = getpid();
    }
    if (log_fd >= 0) {
        put(&kind, 1);
        put(numbers, sizeof numbers);
        put(lengths, sizeof lengths);
        put(name, lengths[0]);
        put(data, size);
        records++;
    }
    pthread_mutex_unlock(&guard);
}

static uint64_t so_far(void) {
    pthread_mutex_lock(&guard);
    uint64_t n = records;
    pthread_mutex_unlock(&guard);
    return n;
}

static ssize_t wrote(int fd, const char *path, const void *data, ssize_t done, off_t at) {
    int error = errno;
    if (done > 0) record('W', inode_of(fd), at, path, data, done);
    errno = error;
    return done;
}

#define FAIL_IF_TOLD if (must_fail()) { errno = EIO; return -1; }

ssize_t write(int fd, const void *data, size_t n) {
    char path[PATH_MAX];
    if (!real_write) real_write = dlsym(RTLD_NEXT, "write");
    if (!watched_handle(fd, path)) return real_write(fd, data, n);
    FAIL_IF_TOLD
    off_t at = fcntl(fd, F_GETFL) & O_APPEND ? lseek(fd, 0, SEEK_END) : lseek(fd, 0, SEEK_CUR);
    return wrote(fd, path, data, real_write(fd, data, n), at);
}

#define PWRITE(name, offset) \
    ssize_t name(int fd, const void *data, size_t n, offset at) { \
        REAL(name); \
        char path[PATH_MAX]; \
        if (!watched_handle(fd, path)) return real(fd, data, n, at); \
        FAIL_IF_TOLD \
        return wrote(fd, path, data, real(fd, data, n, at), at); \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define TRUNCATE(name, offset) \
    int name(int fd, offset size) { \
        REAL(name); \
        char path[PATH_MAX]; \
        if (!watched_handle(fd, path)) return real(fd, size); \
        FAIL_IF_TOLD \
        int result = real(fd, size); \
        if (!result) record('T', inode_of(fd), size, path, "", 0); \
        return result; \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define SYNC(name) \
    int name(int fd) { \
        REAL(name); \
        char path[PATH_MAX]; \
        if (!watched_handle(fd, path)) return real(fd); \
        FAIL_IF_TOLD \
        uint64_t before = so_far(); \
        int result = real(fd); \
        if (!result) record('S', inode_of(fd), before, path, "", 0); \
        return result; \
    }
SYNC(fsync)
SYNC(fdatasync)

int unlink(const char *path) {
    REAL(unlink);
    int result = real(path);
    if (!result && is_watched(path)) record('U', 0, 0, path, "", 0);
    return result;
}

int rename(const char *from, const char *to) {
    REAL(rename);
    int result = real(from, to);
    if (!result && is_watched(to)) record('R', 0, 0, from, to, strlen(to));
    return result;
}

/* Writes that this file does not see must not go unnoticed. */
#define FORBIDDEN(name) \
    do { \
        fprintf(stderr, "shim: %s is not recorded\n", name); \
        abort(); \
    } while (0)

ssize_t writev(int fd, const struct iovec *parts, int n) {
    REAL(writev);
    char path[PATH_MAX];
    if (watched_handle(fd, path)) FORBIDDEN("writev");
    return real(fd, parts, n);
}
