// What a person is shown before their word is asked for.
#include "src/app/approval_prompt.h"

#include <poll.h>
#include <unistd.h>

#include <set>

#include "src/app/bootstrap.h"
#include "src/app/commands/commands.h"
#include "src/app/run_view.h"
#include "src/domain/approval.h"
#include "src/domain/change.h"
#include "src/wire/codec.h"

namespace coditect {
namespace {

constexpr int kLookMs = 100;
constexpr size_t kAnswerBytesMax = 1000;

StatusOr<std::string> DiffOf(const Context& ctx, const StatePaths& paths,
                             const MissionState& mission) {
  ASSIGN_OR_RETURN(const auto repository, OpenMissionRepository(ctx, paths, mission.request));
  return repository->Diff(ctx, mission.request.repository.base_commit, mission.tip);
}

}  // namespace

std::vector<Finding> ReadReview(const Context& ctx, ObjectStore& blobs, const BlobId& review) {
  if (review.empty()) return {};
  const auto bytes = blobs.Get(ctx, review);
  if (!bytes.ok()) return {};
  auto value = wire::Decode<Review>(*bytes, "review");
  return value.ok() ? std::move(value->findings) : std::vector<Finding>();
}

std::string ApprovalStat(const Context& ctx, const StatePaths& paths, const MissionState& mission,
                         const ApprovalState& approval) {
  if (approval.subject == kApprovePlan) {
    return Counted(TasksOfPlan(mission, approval.plan_version).size(), "task");
  }
  const auto diff = DiffOf(ctx, paths, mission);
  if (!diff.ok()) return "";
  const auto hunks = ParseUnifiedDiff(*diff);
  if (!hunks.ok()) return "";
  std::set<std::string> files;
  uint64_t lines = 0;
  for (const Hunk& hunk : *hunks) {
    files.insert(hunk.file);
    lines += hunk.count;
  }
  return StrCat(Counted(files.size(), "file"), ", ", Counted(lines, "new line"));
}

std::string ApprovalText(const Context& ctx, const StatePaths& paths, const MissionState& mission,
                         const ApprovalState& approval) {
  std::string out = StrCat("Approval ", approval.approval_id, " of run ", mission.id, " (",
                           approval.subject, "): ", EscapeForTerminal(approval.reason), "\n");
  if (const auto blobs = OpenBlobs(paths); blobs.ok()) {
    for (const Finding& finding : ReadReview(ctx, **blobs, approval.review)) {
      out += StrCat("  ", finding.kind, ": ", FindingText(finding), "\n");
    }
  }
  if (approval.subject == kApprovePlan) {
    for (const std::string& line : PlanLines(mission, approval.plan_version)) {
      out += StrCat("  ", EscapeForTerminal(line), "\n");
    }
    return out;
  }
  const auto diff = DiffOf(ctx, paths, mission);
  return out + (diff.ok() ? EscapeForTerminal(*diff, /*keep_newlines=*/true)
                          : StrCat("  the diff cannot be shown: ", Message(diff.status()), "\n"));
}

Said AskPerson(const std::string& question, const std::function<bool()>& go_on) {
  std::string line;
  PrintErr(question + " [y/n] ");
  while (go_on()) {
    pollfd polled{STDIN_FILENO, POLLIN, 0};
    if (::poll(&polled, 1, kLookMs) <= 0) continue;
    char c = 0;
    if (::read(STDIN_FILENO, &c, 1) <= 0) return Said::kNothing;
    if (c != '\n') {
      if (line.size() < kAnswerBytesMax) line += c;
      continue;
    }
    const std::string word(TrimWhitespace(line));
    if (word == "y" || word == "Y" || word == "yes") return Said::kYes;
    if (word == "n" || word == "N" || word == "no") return Said::kNo;
    line.clear();
    PrintErr(question + " [y/n] ");
  }
  return Said::kNothing;
}

}  // namespace coditect
