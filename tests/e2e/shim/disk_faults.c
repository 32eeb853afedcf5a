// A failing disk under the ledger, preloaded into coditect: what the control file says happens to
// its files. Words: `hang` (a sync does not return), `eio` (syncs fail), `eio-once`, `full` (nothing
// can grow). `hang N`: from the Nth sync on. `hang-at POINT`, `full-at POINT`: from the ledger's block
// with that event on, as CODITECT_CRASH_LOG names it. Anything else, or no file: a sound disk. When
// a fault first happens, CONTROL.hit appears.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_int syncs;

static int is_ledger(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size <= 0) return 0;
  path[size] = 0;
  return strstr(path, "/ledger.db") != NULL;
}

static const char* control(void) { return getenv("DISK_FAULTS"); }

static void read_text(const char* path, char* text, size_t size) {
  text[0] = 0;
  if (path == NULL) return;
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  const ssize_t count = read(fd, text, size - 1);
  close(fd);
  text[count > 0 ? count : 0] = 0;
}

// The word of the control file, "" for one whose point has not been passed yet.
static void read_word(char* word, size_t size) {
  read_text(control(), word, size);
  char* point = strstr(word, "-at ");
  if (point == NULL) return;
  char passed[1 << 15], line[128];
  read_text(getenv("CODITECT_CRASH_LOG"), passed, sizeof passed);
  snprintf(line, sizeof line, "%s\n", point + 4);
  const char* found = strstr(passed, line);
  *point = 0;
  if (found == NULL || (found != passed && found[-1] != '\n')) word[0] = 0;
}

static void hit(void) {
  char path[4096];
  snprintf(path, sizeof path, "%s.hit", control());
  const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd >= 0) close(fd);
}

// Nonzero: the call fails with this errno.
static int before_sync(int fd) {
  if (!is_ledger(fd)) return 0;
  const int number = atomic_fetch_add(&syncs, 1) + 1;
  for (;;) {
    char word[64];
    read_word(word, sizeof word);
    if (strcmp(word, "eio") == 0) {
      hit();
      return EIO;
    }
    if (strcmp(word, "eio-once") == 0) {
      if (unlink(control()) != 0) return 0;  // another thread was first
      hit();
      return EIO;
    }
    if (strncmp(word, "hang", 4) != 0 || atoi(word + 4) > number) return 0;
    hit();
    usleep(2000);
  }
}

static int before_growth(int fd) {
  char word[64];
  read_word(word, sizeof word);
  if (strcmp(word, "full") != 0 || !is_ledger(fd)) return 0;
  hit();
  return ENOSPC;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define GUARD(check)        \
  const int error = check;  \
  if (error != 0) {         \
    errno = error;          \
    return -1;              \
  }

int fsync(int fd) {
  GUARD(before_sync(fd))
  return NEXT(fsync)(fd);
}
int fdatasync(int fd) {
  GUARD(before_sync(fd))
  return NEXT(fdatasync)(fd);
}
ssize_t write(int fd, const void* bytes, size_t size) {
  GUARD(before_growth(fd))
  return NEXT(write)(fd, bytes, size);
}
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  GUARD(before_growth(fd))
  return NEXT(pwrite)(fd, bytes, size, at);
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) {
  GUARD(before_growth(fd))
  return NEXT(pwrite64)(fd, bytes, size, at);
}
