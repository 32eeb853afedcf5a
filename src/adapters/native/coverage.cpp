// gcov's JSON as lines of the repository.
#include "src/adapters/native/coverage.h"

#include <filesystem>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect::native {
namespace {

using Json = nlohmann::json;
constexpr uint64_t kGcovOutputMax = uint64_t{256} << 20;
constexpr uint32_t kLineMax = 10'000'000;

std::string TextAt(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

uint64_t CountAt(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
}

void AddFile(const Json& file, const std::string& folder, const std::string& repository,
             std::map<std::string, std::set<uint32_t>>* lines) {
  const std::string named = TextAt(file, "file");
  const auto list = file.find("lines");
  if (named.empty() || list == file.end() || !list->is_array()) return;
  const std::string path =
      std::filesystem::path(JoinPath(folder, named)).lexically_normal().string();
  if (!path.starts_with(repository + "/")) return;
  const std::string relative = path.substr(repository.size() + 1);
  if (relative.starts_with(kBuildRoot)) return;
  for (const Json& line : *list) {
    if (!line.is_object()) continue;
    const uint64_t number = CountAt(line, "line_number");
    if (number == 0 || number > kLineMax || CountAt(line, "count") == 0) continue;
    (*lines)[relative].insert(static_cast<uint32_t>(number));
  }
}

}  // namespace

std::vector<FileLines> ParseCoverage(std::string_view output, std::string_view repository) {
  std::map<std::string, std::set<uint32_t>> lines;
  while (!output.empty()) {
    const size_t end = output.find('\n');
    const Json json = Json::parse(output.substr(0, end), nullptr, /*allow_exceptions=*/false);
    output.remove_prefix(end == std::string_view::npos ? output.size() : end + 1);
    if (!json.is_object()) continue;
    const auto files = json.find("files");
    if (files == json.end() || !files->is_array()) continue;
    const std::string folder = TextAt(json, "current_working_directory");
    for (const Json& file : *files) {
      if (file.is_object()) AddFile(file, folder, std::string(repository), &lines);
    }
  }
  std::vector<FileLines> out;
  for (const auto& [file, numbers] : lines) out.push_back({file, {numbers.begin(), numbers.end()}});
  return out;
}

StatusOr<std::vector<FileLines>> TakeCoverage(const Context& ctx, Shell& shell,
                                              const std::string& folder) {
  ASSIGN_OR_RETURN(const std::string repository, shell.Repository(ctx));
  ShellOptions options;
  options.keep_bytes = kGcovOutputMax;
  ASSIGN_OR_RETURN(
      const SandboxResult result,
      shell.Run(ctx,
                StrCat("find ", folder, " -name .git -prune -o -name '*.gcda' -print0 | ",
                       "xargs -0 -r gcov -r -s \"$(pwd -P)\" --json-format --stdout 2>/dev/null; ",
                       "find ", folder, " -name .git -prune -o -name '*.gcda' -delete"),
                options));
  return ParseCoverage(result.output, repository);
}

}  // namespace coditect::native
