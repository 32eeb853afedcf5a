// Graphs by path, lines by file.
#include "src/adapters/native/coverage.h"

#include <filesystem>
#include <set>

#include "src/adapters/native/shell.h"
#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect::native {
namespace {

constexpr uint32_t kLineMax = 10'000'000;
constexpr std::string_view kCountsSuffix = ".gcda";

}  // namespace

std::string Coverage::Relative(const std::string& folder, const std::string& named) const {
  const std::string path =
      std::filesystem::path(JoinPath(folder, named)).lexically_normal().string();
  if (!path.starts_with(repository_ + "/")) return "";
  std::string relative = path.substr(repository_.size() + 1);
  return relative.starts_with(kBuildRoot) ? "" : relative;
}

const GcovGraph* Coverage::GraphOf(const std::string& counts_path) {
  const auto [place, added] = graphs_.try_emplace(counts_path);
  if (!added) return place->second.get();
  const std::string path =
      counts_path.substr(0, counts_path.size() - kCountsSuffix.size()) + ".gcno";
  if (!path.starts_with(repository_ + "/")) return nullptr;
  const auto bytes = workspace_.Read(path.substr(repository_.size() + 1));
  StatusOr<GcovGraph> graph = bytes.ok() ? GcovGraph::Read(*bytes) : bytes.status();
  if (graph.ok()) {
    place->second = std::make_unique<GcovGraph>(*std::move(graph));
  } else if (problem_.empty()) {
    problem_ = StrCat(path, ": ", Message(graph.status()));
  }
  return place->second.get();
}

std::vector<FileLines> Coverage::LinesOf(
    const std::vector<std::pair<std::string, std::string>>& records) {
  std::map<std::string, std::set<uint32_t>> lines;
  for (const auto& [path, bytes] : records) {
    const GcovGraph* graph = path.ends_with(kCountsSuffix) ? GraphOf(path) : nullptr;
    if (graph == nullptr) continue;
    ExecutedLines executed;
    const Status status = graph->AddLines(bytes, &executed);
    if (!status.ok() && problem_.empty()) problem_ = StrCat(path, ": ", Message(status));
    for (const auto& [named, numbers] : executed) {
      const std::string file = Relative(graph->folder(), named);
      if (file.empty()) continue;
      auto& into = lines[file];
      into.insert(numbers.begin(), numbers.upper_bound(kLineMax));
    }
  }
  std::vector<FileLines> out;
  for (const auto& [file, numbers] : lines) {
    if (!numbers.empty()) out.push_back({file, {numbers.begin(), numbers.end()}});
  }
  return out;
}

}  // namespace coditect::native
