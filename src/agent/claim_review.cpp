// What a claim does to what judges it.
#include "src/agent/claim_review.h"

#include <algorithm>
#include <map>

#include "src/agent/sources.h"
#include "src/domain/suspicious_code.h"

namespace coditect {
namespace {

constexpr uint64_t kReadBytesMax = 1 << 20;  // of one file
constexpr size_t kBuildFilesMax = 500;
constexpr size_t kTestFilesMax = 50;
constexpr uint32_t kFileTypeMask = 0170000;
constexpr uint32_t kRegular = 0100000;

/// The base's bytes of those of `paths` that are ordinary files of a size worth reading.
StatusOr<std::map<std::string, std::string>> ReadBase(const Lease& lease,
                                                      const std::set<std::string>& paths) {
  ASSIGN_OR_RETURN(Repository * git, lease.mission.repository(lease.ctx));
  ASSIGN_OR_RETURN(const auto* files, lease.mission.BaseFiles(lease.ctx));
  std::map<std::string, std::string> object_of;
  std::vector<std::string> objects;
  for (const std::string& path : paths) {
    const auto found = files->find(path);
    if (found == files->end() || (found->second.mode & kFileTypeMask) != kRegular) continue;
    if (found->second.size_bytes > kReadBytesMax) continue;
    object_of[path] = found->second.object_id;
    objects.push_back(found->second.object_id);
  }
  ASSIGN_OR_RETURN(const auto blobs, git->ReadBlobs(lease.ctx, objects));
  std::map<std::string, std::string> texts;
  for (const auto& [path, object] : object_of) {
    if (const auto blob = blobs.find(object); blob != blobs.end()) texts[path] = blob->second;
  }
  return texts;
}

std::string Joined(const std::map<std::string, std::string>& texts) {
  std::string out;
  for (const auto& [path, text] : texts) out += text + "\n";
  return out;
}

/// Text of the build's own files. Python's configuration names files of every kind (a README, a
/// version), none of which decides what runs.
StatusOr<std::string> BuildText(const Lease& lease, const Baseline& baseline) {
  if (baseline.harness.language == "python") return std::string();
  std::set<std::string> paths;
  for (const std::string& path : baseline.harness.test_files) {
    if (paths.size() < kBuildFilesMax && IsTestOrConfigurationName(path)) paths.insert(path);
  }
  ASSIGN_OR_RETURN(const auto texts, ReadBase(lease, paths));
  return Joined(texts);
}

/// Text of the tests that are to be mended.
StatusOr<std::string> GoalText(const Lease& lease, const Baseline& baseline) {
  std::set<std::string> paths;
  for (const TestCase& test : CasesOf(baseline, baseline.goal)) {
    if (paths.size() < kTestFilesMax) paths.insert(test.file);
  }
  ASSIGN_OR_RETURN(const auto texts, ReadBase(lease, paths));
  return Joined(texts);
}

}  // namespace

std::set<std::string> ClaimReview::JudgePaths() const {
  std::set<std::string> paths;
  for (const Finding& finding : judges) paths.insert(finding.path);
  return paths;
}

std::vector<Finding> ClaimReview::All() const {
  std::vector<Finding> all = judges;
  all.insert(all.end(), others.begin(), others.end());
  return all;
}

StatusOr<ClaimReview> ReviewClaim(const Lease& lease, const Baseline& baseline,
                                  const std::vector<FileChange>& changes) {
  ASSIGN_OR_RETURN(const auto* base, lease.mission.BaseFiles(lease.ctx));
  ASSIGN_OR_RETURN(const std::string build_text, BuildText(lease, baseline));
  ASSIGN_OR_RETURN(const std::string test_text, GoalText(lease, baseline));
  ClaimReview review;
  const auto& test_files = baseline.harness.test_files;
  review.judges = FindJudgeChanges(
      {.changes = changes, .base = *base, .test_files = test_files, .build_text = build_text});
  const std::set<std::string> judges = review.JudgePaths();
  std::set<std::string> changed;
  for (const FileChange& change : changes) changed.insert(change.path);
  ASSIGN_OR_RETURN(const auto before, ReadBase(lease, changed));
  for (const FileChange& change : changes) {
    if (change.kind == FileChange::Kind::kDelete || judges.contains(change.path)) continue;
    const auto old = before.find(change.path);
    const auto found = FindSuspiciousCode({
        .path = change.path,
        .before = old == before.end() ? std::string_view() : old->second,
        .after = change.content,
        .link = change.kind == FileChange::Kind::kSymlink,
        .test_files = test_files,
        .test_text = test_text,
    });
    review.others.insert(review.others.end(), found.begin(), found.end());
  }
  const auto shielded = FindProtectedChanges(changes, lease.mission.request().protected_paths);
  review.others.insert(review.others.end(), shielded.begin(), shielded.end());
  return review;
}

}  // namespace coditect
