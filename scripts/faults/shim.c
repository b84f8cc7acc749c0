// A preloaded library that makes one file operation fail, or kills the process before it, and records file operations with what they write. `main.mjs` builds it.
//
// FAULTS_CONTROL  a file of eight 64-bit numbers, which the process that is tried shares with this library: armed, at, error,
//                 kinds, count, hit, recording, sticky
// FAULTS_ROOT     the folder whose files count
// FAULTS_RECORD   the file to which operations are appended while `recording` is set
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE = 1, FSYNC = 2, RENAME = 4, LINK = 8, UNLINK = 16, CREATE = 32, TRUNCATE = 64, MKDIR = 128, FOLDER_FSYNC = 256 };

/** In place of an error: the process is killed. */
enum { KILLED = 9999 };

struct control {
  volatile int64_t armed, at, error, kinds, count, hit, recording, sticky;
};

static struct control *control;
static const char *root;
static size_t root_length;
static int record = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(type, name, ...) \
  static type (*real)(__VA_ARGS__); \
  if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

__attribute__((constructor)) static void begin(void) {
  const char *file = getenv("FAULTS_CONTROL");
  root = getenv("FAULTS_ROOT");
  if (!file || !root) return;
  root_length = strlen(root);
  int descriptor = (int)syscall(SYS_openat, AT_FDCWD, file, O_RDWR);
  if (descriptor < 0) return;
  void *shared = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  syscall(SYS_close, descriptor);
  if (shared == MAP_FAILED) return;
  control = shared;
  const char *records = getenv("FAULTS_RECORD");
  if (records) record = (int)syscall(SYS_openat, AT_FDCWD, records, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int counts(void) { return control && (control->armed || control->recording); }

static int inside(const char *path) { return path && strncmp(path, root, root_length) == 0; }

static const char *path_of(int descriptor, char *buffer) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, buffer, PATH_MAX - 1);
  if (length < 0) return NULL;
  buffer[length] = 0;
  return buffer;
}

static const char *path_at(int folder, const char *path, char *buffer) {
  if (!path || path[0] == '/') return path;
  char base[PATH_MAX];
  if (folder == AT_FDCWD) {
    if (!getcwd(base, sizeof base)) return path;
  } else if (!path_of(folder, base)) return path;
  snprintf(buffer, PATH_MAX, "%s/%s", base, path);
  return buffer;
}

// the operation fails if it is the one
static int fails(int kind, const char *path) {
  if (!control || !control->armed || !inside(path) || !(control->kinds & kind)) return 0;
  int64_t number = __sync_add_and_fetch(&control->count, 1);
  if (number != control->at && !(control->sticky && control->at && number > control->at)) return 0;
  control->hit = kind;
  if (control->error == KILLED) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
  }
  errno = (int)control->error;
  return 1;
}

struct head {
  uint32_t kind, path, other, length;
  int64_t offset;
};

static void put(int kind, const char *path, const char *other, int64_t offset, const void *bytes, size_t length) {
  if (!control || !control->recording || record < 0 || !inside(path)) return;
  int saved = errno;
  struct head head = {(uint32_t)kind, (uint32_t)strlen(path), other ? (uint32_t)strlen(other) : 0, (uint32_t)length, offset};
  struct iovec parts[4] = {{&head, sizeof head}, {(void *)path, head.path}, {(void *)other, head.other}, {(void *)bytes, length}};
  pthread_mutex_lock(&lock);
  syscall(SYS_writev, record, parts, 4);
  pthread_mutex_unlock(&lock);
  errno = saved;
}

static int64_t place_of(int descriptor) {
  int flags = fcntl(descriptor, F_GETFL);
  struct stat found;
  if (flags >= 0 && (flags & O_APPEND) && fstat(descriptor, &found) == 0) return found.st_size;
  return lseek(descriptor, 0, SEEK_CUR);
}

ssize_t write(int descriptor, const void *bytes, size_t length) {
  REAL(ssize_t, "write", int, const void *, size_t);
  if (!counts()) return real(descriptor, bytes, length);
  char buffer[PATH_MAX];
  const char *path = path_of(descriptor, buffer);
  if (fails(WRITE, path)) return -1;
  int64_t offset = inside(path) ? place_of(descriptor) : 0;
  ssize_t done = real(descriptor, bytes, length);
  if (done > 0) put(WRITE, path, NULL, offset, bytes, (size_t)done);
  return done;
}

static ssize_t write_at(ssize_t (*real)(int, const void *, size_t, off_t), int descriptor, const void *bytes, size_t length, off_t offset) {
  if (!counts()) return real(descriptor, bytes, length, offset);
  char buffer[PATH_MAX];
  const char *path = path_of(descriptor, buffer);
  if (fails(WRITE, path)) return -1;
  ssize_t done = real(descriptor, bytes, length, offset);
  if (done > 0) put(WRITE, path, NULL, offset, bytes, (size_t)done);
  return done;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t length, off_t offset) {
  REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
  return write_at(real, descriptor, bytes, length, offset);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t length, off64_t offset) {
  REAL(ssize_t, "pwrite64", int, const void *, size_t, off_t);
  return write_at(real, descriptor, bytes, length, offset);
}

static void put_parts(const char *path, int64_t offset, const struct iovec *parts, int count, ssize_t done) {
  for (int at = 0; at < count && done > 0; at++) {
    size_t length = parts[at].iov_len < (size_t)done ? parts[at].iov_len : (size_t)done;
    put(WRITE, path, NULL, offset, parts[at].iov_base, length);
    offset += (int64_t)length;
    done -= (ssize_t)length;
  }
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
  REAL(ssize_t, "writev", int, const struct iovec *, int);
  if (!counts()) return real(descriptor, parts, count);
  char buffer[PATH_MAX];
  const char *path = path_of(descriptor, buffer);
  if (fails(WRITE, path)) return -1;
  int64_t offset = inside(path) ? place_of(descriptor) : 0;
  ssize_t done = real(descriptor, parts, count);
  put_parts(path, offset, parts, count, done);
  return done;
}

static ssize_t writev_at(ssize_t (*real)(int, const struct iovec *, int, off_t), int descriptor, const struct iovec *parts, int count, off_t offset) {
  if (!counts()) return real(descriptor, parts, count, offset);
  char buffer[PATH_MAX];
  const char *path = path_of(descriptor, buffer);
  if (fails(WRITE, path)) return -1;
  ssize_t done = real(descriptor, parts, count, offset);
  put_parts(path, offset, parts, count, done);
  return done;
}

ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset) {
  REAL(ssize_t, "pwritev", int, const struct iovec *, int, off_t);
  return writev_at(real, descriptor, parts, count, offset);
}

ssize_t pwritev64(int descriptor, const struct iovec *parts, int count, off64_t offset) {
  REAL(ssize_t, "pwritev64", int, const struct iovec *, int, off_t);
  return writev_at(real, descriptor, parts, count, offset);
}

static int sync_with(int (*real)(int), int descriptor) {
  if (!counts()) return real(descriptor);
  char buffer[PATH_MAX];
  const char *path = path_of(descriptor, buffer);
  struct stat found;
  int is_folder = fstat(descriptor, &found) == 0 && S_ISDIR(found.st_mode);
  if (fails(is_folder ? FSYNC | FOLDER_FSYNC : FSYNC, path)) return -1;
  int done = real(descriptor);
  if (done == 0) put(FSYNC, path, NULL, 0, NULL, 0);
  return done;
}

int fsync(int descriptor) {
  REAL(int, "fsync", int);
  return sync_with(real, descriptor);
}

int fdatasync(int descriptor) {
  REAL(int, "fdatasync", int);
  return sync_with(real, descriptor);
}

int rename(const char *from, const char *to) {
  REAL(int, "rename", const char *, const char *);
  if (!counts()) return real(from, to);
  char one[PATH_MAX], two[PATH_MAX];
  const char *path = path_at(AT_FDCWD, from, one), *other = path_at(AT_FDCWD, to, two);
  if (fails(RENAME, path)) return -1;
  int done = real(from, to);
  if (done == 0) put(RENAME, path, other, 0, NULL, 0);
  return done;
}

int link(const char *from, const char *to) {
  REAL(int, "link", const char *, const char *);
  if (!counts()) return real(from, to);
  char one[PATH_MAX], two[PATH_MAX];
  const char *path = path_at(AT_FDCWD, from, one), *other = path_at(AT_FDCWD, to, two);
  if (fails(LINK, path)) return -1;
  int done = real(from, to);
  if (done == 0) put(LINK, path, other, 0, NULL, 0);
  return done;
}

static int remove_with(int (*real)(const char *), const char *given) {
  if (!counts()) return real(given);
  char buffer[PATH_MAX];
  const char *path = path_at(AT_FDCWD, given, buffer);
  // what does not exist is no point at which an operation can fail
  if (access(given, F_OK) == 0 && fails(UNLINK, path)) return -1;
  int done = real(given);
  if (done == 0) put(UNLINK, path, NULL, 0, NULL, 0);
  return done;
}

int unlink(const char *path) {
  REAL(int, "unlink", const char *);
  return remove_with(real, path);
}

int rmdir(const char *path) {
  REAL(int, "rmdir", const char *);
  return remove_with(real, path);
}

int unlinkat(int folder, const char *given, int flags) {
  REAL(int, "unlinkat", int, const char *, int);
  if (!counts()) return real(folder, given, flags);
  char buffer[PATH_MAX];
  const char *path = path_at(folder, given, buffer);
  if (fails(UNLINK, path)) return -1;
  int done = real(folder, given, flags);
  if (done == 0) put(UNLINK, path, NULL, 0, NULL, 0);
  return done;
}

static int truncate_with(int (*real)(int, off_t), int descriptor, off_t length) {
  char name[PATH_MAX];
  if (counts() && fails(TRUNCATE, path_of(descriptor, name))) return -1;
  int done = real(descriptor, length);
  if (done == 0 && counts()) {
    char buffer[PATH_MAX];
    put(TRUNCATE, path_of(descriptor, buffer), NULL, length, NULL, 0);
  }
  return done;
}

int ftruncate(int descriptor, off_t length) {
  REAL(int, "ftruncate", int, off_t);
  return truncate_with(real, descriptor, length);
}

int ftruncate64(int descriptor, off64_t length) {
  REAL(int, "ftruncate64", int, off_t);
  return truncate_with(real, descriptor, length);
}

int mkdir(const char *given, mode_t mode) {
  REAL(int, "mkdir", const char *, mode_t);
  char name[PATH_MAX];
  if (counts() && access(given, F_OK) != 0 && fails(MKDIR, path_at(AT_FDCWD, given, name))) return -1;
  int done = real(given, mode);
  if (done == 0 && counts()) {
    char buffer[PATH_MAX];
    put(MKDIR, path_at(AT_FDCWD, given, buffer), NULL, 0, NULL, 0);
  }
  return done;
}

static int open_with(int (*real)(const char *, int, ...), const char *given, int flags, mode_t mode) {
  if (!counts() || !(flags & (O_CREAT | O_TRUNC))) return real(given, flags, mode);
  char buffer[PATH_MAX];
  const char *path = path_at(AT_FDCWD, given, buffer);
  int existed = access(given, F_OK) == 0;
  if (!existed && (flags & O_CREAT) && fails(CREATE, path)) return -1;
  int descriptor = real(given, flags, mode);
  if (descriptor >= 0 && !existed) put(CREATE, path, NULL, 0, NULL, 0);
  else if (descriptor >= 0 && (flags & O_TRUNC)) put(TRUNCATE, path, NULL, 0, NULL, 0);
  return descriptor;
}

static mode_t mode_in(int flags, va_list list) { return flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0; }

int open(const char *path, int flags, ...) {
  REAL(int, "open", const char *, int, ...);
  va_list list;
  va_start(list, flags);
  mode_t mode = mode_in(flags, list);
  va_end(list);
  return open_with(real, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  REAL(int, "open64", const char *, int, ...);
  va_list list;
  va_start(list, flags);
  mode_t mode = mode_in(flags, list);
  va_end(list);
  return open_with(real, path, flags, mode);
}
