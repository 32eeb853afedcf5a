// The commit message of a repair.
#include "src/agent/repair_message.h"

#include "src/agent/mission_resources.h"
#include "src/domain/evidence.h"

namespace coditect {
std::string MendedText(const Baseline& baseline, const std::vector<std::string>& tests) {
  if (GoalKindOf(baseline) == "command") {
    return StrCat("Mends `", EscapeForTerminal(baseline.harness.command), "`.\n");
  }
  std::string text = StrCat("Mends ", Counted(tests.size(), "failing test"), ":\n");
  constexpr size_t kListed = 5;
  for (size_t i = 0; i < tests.size() && i < kListed; ++i) {
    text += StrCat("  ", EscapeForTerminal(tests[i]), "\n");
  }
  if (tests.size() > kListed) text += StrCat("  and ", tests.size() - kListed, " more\n");
  return text;
}

std::string ClaimMessage(const Lease& lease, const std::string& summary,
                         const std::string& mended) {
  const MissionRequest& request = lease.mission.request();
  std::string text = StrCat("fix: ", summary, "\n\n", mended, "\n");
  if (request.attribution == "assisted-by") text += "Assisted-by: coditect:offline\n";
  if (request.attribution == "co-authored-by") {
    text += "Co-authored-by: coditect <coditect@localhost>\n";
  }
  text += StrCat("Coditect-Run: ", lease.wanted.mission_id, "\n");
  text += StrCat("Coditect-Task: ", lease.wanted.task_id.ToString(), "\n");
  return text;
}

std::string RepairMessage(const Lease& lease, const Baseline& baseline,
                          const std::vector<std::string>& tests, const std::string& summary) {
  return ClaimMessage(lease, summary, MendedText(baseline, tests));
}

}  // namespace coditect
