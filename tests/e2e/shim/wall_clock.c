/* A wall clock that jumps: an hour back and a day forward, turn about, at every tenth look. */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static atomic_uint looks;

int clock_gettime(clockid_t id, struct timespec *now) {
  const long result = syscall(SYS_clock_gettime, id, now);
  if (result == 0 && id == CLOCK_REALTIME) {
    switch (atomic_fetch_add(&looks, 1) / 10 % 3) {
      case 1: now->tv_sec -= 3600; break;
      case 2: now->tv_sec += 86400; break;
    }
  }
  return (int)result;
}
