// The lock of the ledger's owner.
#include "src/app/owner_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "src/base/file.h"

namespace coditect {

StatusOr<UniqueFd> TakeOwnerLock(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return ErrnoStatus(errno, "cannot open ", path);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return ErrnoStatus(errno, "cannot lock ", path);
    return Unavailable("process ", OwnerProcess(path), " owns the ledger");
  }
  const std::string text = StrCat(::getpid(), "\n");
  if (::ftruncate(fd.get(), 0) != 0) return ErrnoStatus(errno, "cannot write ", path);
  RETURN_IF_ERROR(WriteAll(fd.get(), text, path));
  return fd;
}

int OwnerProcess(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.valid()) return 0;
  if (::flock(fd.get(), LOCK_SH | LOCK_NB) == 0) return 0;
  char text[32] = {};
  if (::pread(fd.get(), text, sizeof text - 1, 0) <= 0) return 0;
  long long process = 0;
  return ParseInt(TrimWhitespace(text), 1, INT32_MAX, &process) ? static_cast<int>(process) : 0;
}

}  // namespace coditect
