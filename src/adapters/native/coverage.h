// Executed lines of the repository, from the records that measured programs write.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "src/adapters/native/gcov_records.h"
#include "src/domain/test_report.h"
#include "src/ports/sandbox.h"

namespace coditect::native {

/// Reads records of one build. Each object's graph is read once.
class Coverage {
 public:
  /// `repository` is its absolute path inside.
  Coverage(Workspace& workspace, std::string repository)
      : workspace_(workspace), repository_(std::move(repository)) {}

  /// Lines of the repository that ran, build folders left out, sorted by file. `records` are paths
  /// of .gcda files, absolute inside, and their bytes. What cannot be read is passed over.
  std::vector<FileLines> LinesOf(const std::vector<std::pair<std::string, std::string>>& records);

  /// Why the first record that was passed over could not be read; "" = all were.
  const std::string& problem() const { return problem_; }

 private:
  const GcovGraph* GraphOf(const std::string& counts_path);
  /// Relative to the repository; "" for what lies outside or in a build folder of ours.
  std::string Relative(const std::string& folder, const std::string& named) const;

  Workspace& workspace_;
  const std::string repository_;
  std::map<std::string, std::unique_ptr<GcovGraph>> graphs_;  // by the .gcda file's path
  std::string problem_;
};

}  // namespace coditect::native
