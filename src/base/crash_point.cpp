// Named crash points.
#include "src/base/crash_point.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <utility>

#include "src/base/mutex.h"
#include "src/base/strings.h"
#include "src/base/unique_fd.h"

namespace coditect {
namespace {

struct CrashPlan {
  std::string name;
  CrashMoment moment = CrashMoment::kNone;
  std::string log_path;

  CrashPlan() {
    if (const char* log = std::getenv("CODITECT_CRASH_LOG")) log_path = log;
    const char* at = std::getenv("CODITECT_CRASH_AT");
    if (at == nullptr) return;
    const std::string text = at;
    const size_t colon = text.rfind(':');
    if (colon == std::string::npos) return;
    const std::string when = text.substr(colon + 1);
    name = text.substr(0, colon);
    moment = when == "before"  ? CrashMoment::kBefore
             : when == "after" ? CrashMoment::kAfter
             : when == "torn"  ? CrashMoment::kTorn
                               : CrashMoment::kNone;
  }
};

const CrashPlan& Plan() {
  static const CrashPlan* plan = new CrashPlan();
  return *plan;
}

}  // namespace

bool CrashPointsActive() { return Plan().moment != CrashMoment::kNone || !Plan().log_path.empty(); }

CrashMoment PassCrashPoint(std::string_view name_prefix) {
  static Mutex* mutex = new Mutex();
  static auto* occurrences = new std::map<std::string, int>();
  MutexLock lock(*mutex);
  const int occurrence = ++(*occurrences)[std::string(name_prefix)];
  const std::string name = StrCat(name_prefix, '#', occurrence);
  if (!Plan().log_path.empty()) {
    UniqueFd fd(::open(Plan().log_path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
    const std::string line = name + "\n";
    if (fd.valid() && ::write(fd.get(), line.data(), line.size()) < 0) fd.Reset();
  }
  return name == Plan().name ? Plan().moment : CrashMoment::kNone;
}

namespace {
thread_local bool torn_write_requested = false;
}

void RequestTornWrite() { torn_write_requested = true; }

bool TakeTornWrite() { return std::exchange(torn_write_requested, false); }

void CrashNow() {
  ::kill(::getpid(), SIGKILL);
  ::_exit(137);
}

}  // namespace coditect
