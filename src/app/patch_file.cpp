// A delivered patch as a file.
#include "src/app/patch_file.h"

#include <errno.h>
#include <unistd.h>

#include "src/base/file.h"
#include "src/base/random.h"
#include "src/base/strings.h"
#include "src/domain/delivery.h"

namespace coditect {

std::string PatchFileOf(const MissionState& mission) {
  const DeliveryPlan plan = ParseDelivery(mission.request.deliver);
  if (plan.mode != DeliveryMode::kPatch || plan.patch_file.empty()) return "";
  if (!plan.patch_file.ends_with('/')) return plan.patch_file;
  return StrCat(plan.patch_file, "coditect-", mission.id, ".patch");
}

// Under a name of its own first; a link takes the final one only if nobody has it.
Status WritePatchFile(const std::string& path, const std::string& patch) {
  const std::string temporary = StrCat(path, ".", RandomHex(6), ".part");
  const Status written = WriteFileDurably(temporary, patch, 0644);
  if (!written.ok()) {
    ::unlink(temporary.c_str());
    return written;
  }
  const int error = ::link(temporary.c_str(), path.c_str()) == 0 ? 0 : errno;
  ::unlink(temporary.c_str());
  if (error == EEXIST) {
    const auto there = ReadFile(path, patch.size() + 1);
    if (there.ok() && *there == patch) return absl::OkStatus();
    return AlreadyExists(EscapeForTerminal(path), " is there already, and is not overwritten");
  }
  if (error != 0) return ErrnoStatus(error, "cannot write ", EscapeForTerminal(path));
  return SyncFolder(DirName(path));
}

}  // namespace coditect
