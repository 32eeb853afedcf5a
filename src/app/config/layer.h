// The layers of the configuration: each source read into checked assignments.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "src/app/config/trust.h"
#include "src/app/config/value.h"
#include "src/base/status.h"

namespace coditect {

/// One key set at one place.
struct Assignment {
  const ConfigKey* key = nullptr;
  ConfigValue value;
  std::string origin;  // "/path/file:12", "AGENT_TIMEOUT_SECONDS", "-c", "--sandbox"
};

/// A command-line flag that stands for a key: {"--sandbox", "agent.sandbox", "none"}.
struct FlagValue {
  std::string flag;
  std::string key;
  std::string value;
};

/// What is wrong in all layers, so that one look shows everything; the first kProblemsMax are kept.
class Problems {
 public:
  void Add(Status problem);
  bool full() const { return full_; }
  /// OK when nothing was added; else the first problem's code and one line for each.
  Status ToStatus() const;

 private:
  std::vector<Status> kept_;
  bool full_ = false;
};

/// A file of settings.
struct ConfigFile {
  std::string path;
  bool required = false;   // absent is an error
  std::string repository;  // top folder of the repository it belongs to; "" for a person's file
  std::string user_file;   // where a person may put what a repository may not set
  const TrustedFiles* trusted = nullptr;       // whose content may set everything
  std::vector<Assignment>* ignored = nullptr;  // gets what an untrusted one may not set, which is a
                                               // problem without it
};

/// Each reader appends what is right to `out`, a later assignment beating an earlier one, and adds
/// what is wrong to `problems` as "place: key: what; next step". Codes: INVALID_ARGUMENT;
/// UNIMPLEMENTED for what is not in this version; PERMISSION_DENIED for what a repository may not
/// set and for files one may not read; FAILED_PRECONDITION for files that cannot be read;
/// RESOURCE_EXHAUSTED for files above 1 MiB.

/// True when the file is there. It is read once, never waited for (FIFO), and a repository's file
/// may not be a link that leaves the repository.
bool ReadFileLayer(const ConfigFile& file, std::vector<Assignment>& out, Problems& problems);

/// First the variables of the design document, then CODITECT_SECTION__KEY, which therefore wins.
void ReadEnvironmentLayer(const std::map<std::string, std::string>& environment,
                          std::vector<Assignment>& out, Problems& problems);

/// The arguments of -c: "key=value".
void ReadOverrideLayer(const std::vector<std::string>& overrides, std::vector<Assignment>& out,
                       Problems& problems);

void ReadFlagLayer(const std::vector<FlagValue>& flags, std::vector<Assignment>& out,
                   Problems& problems);

}  // namespace coditect
