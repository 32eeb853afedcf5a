// Folding of unstable test ids.
#include "src/domain/unstable_ids.h"

#include <algorithm>
#include <map>
#include <set>

#include "src/base/strings.h"

namespace coditect {

std::string_view TestFunction(std::string_view id) {
  const size_t colons = id.find("::");
  const size_t bracket = id.find('[', colons == std::string_view::npos ? 0 : colons);
  return id.substr(0, bracket);
}

std::vector<std::string> UnstableFunctions(const std::vector<std::string>& first,
                                           const std::vector<std::string>& second) {
  const std::set<std::string_view> a(first.begin(), first.end());
  const std::set<std::string_view> b(second.begin(), second.end());
  std::vector<std::string_view> differing;
  std::set_symmetric_difference(a.begin(), a.end(), b.begin(), b.end(),
                                std::back_inserter(differing));
  std::set<std::string> functions;
  for (const std::string_view id : differing) {
    const std::string_view function = TestFunction(id);
    if (function.size() < id.size()) functions.emplace(function);
  }
  return {functions.begin(), functions.end()};
}

void FoldUnstableIds(const std::vector<std::string>& functions, TestReport* report) {
  const std::set<std::string_view> unstable(functions.begin(), functions.end());
  std::map<std::string, size_t> counts;
  std::map<std::string, std::string> folded;
  for (TestCase& test : report->cases) {
    const std::string function(TestFunction(test.id));
    if (function.size() == test.id.size() || !unstable.contains(function)) continue;
    const std::string name = StrCat(function, "[#", ++counts[function], "]");
    folded[test.id] = name;
    test.id = name;
  }
  for (TestCoverage& coverage : report->coverage) {
    if (const auto found = folded.find(coverage.id); found != folded.end()) {
      coverage.id = found->second;
    }
  }
}

}  // namespace coditect
