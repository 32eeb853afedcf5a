// Groups failing tests that probably have one cause.
#include "src/repair/failure_clusters.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

namespace coditect::repair {
namespace {

/// Nats of evidence it takes to believe in one more bug.
constexpr double kBugCost = 8;

struct Element {
  std::string file;
  uint32_t line = 0;
  std::string cause;         // file and function
  std::set<size_t> failing;  // indices of failing tests
  uint32_t passed = 0;
};

class Clusterer {
 public:
  explicit Clusterer(const ClusterRequest& request) : request_(request) {}

  std::vector<FailureCluster> Run() {
    ReadModels();
    Collect();
    cause_.assign(request_.failing.size(), "");
    place_.assign(request_.failing.size(), {"", 0});
    TakeFindings();
    Cover();
    return Build();
  }

 private:
  void ReadModels() {
    for (const SourceText& file : request_.files) {
      auto model = SourceModel::Create(file);
      if (model.ok()) models_[file.path] = std::move(model).value();
    }
  }

  std::string CauseAt(const std::string& file, uint32_t line) const {
    auto model = models_.find(file);
    if (model == models_.end()) return "";
    int index = analysis::StatementAtLine(model->second->statements(), line);
    if (index < 0) return StrCat(file, ":");
    NodeId node = model->second->statements()[static_cast<size_t>(index)].node;
    return StrCat(file, ":", model->second->FunctionName(node));
  }

  void Collect() {
    std::map<std::string, size_t> failing;
    for (size_t i = 0; i < request_.failing.size(); ++i) failing[request_.failing[i].id] = i;
    std::set<std::string> passing(request_.passing.begin(), request_.passing.end());
    std::map<std::pair<std::string, uint32_t>, Element> elements;
    for (const TestCoverage& test : request_.coverage) {
      auto found = failing.find(test.id);
      if (found == failing.end() && !passing.contains(test.id)) continue;
      for (const FileLines& file : test.files) {
        if (!models_.contains(file.file)) continue;
        for (uint32_t line : file.lines) {
          Element& element = elements[{file.file, line}];
          if (found != failing.end()) {
            element.failing.insert(found->second);
          } else {
            ++element.passed;
          }
        }
      }
    }
    // Of statements the same tests fail in, the one with the fewest passing tests speaks for all.
    std::map<std::set<size_t>, Element> best;
    for (auto& [place, element] : elements) {
      if (element.failing.empty()) continue;
      element.file = place.first;
      element.line = place.second;
      auto [it, fresh] = best.try_emplace(element.failing, element);
      if (!fresh && element.passed < it->second.passed) it->second = element;
    }
    for (auto& [tests, element] : best) {
      element.cause = CauseAt(element.file, element.line);
      elements_.push_back(std::move(element));
    }
  }

  static double Cost(const Element& element, size_t explained) {
    double failed = static_cast<double>(explained), passed = element.passed;
    double health = passed / (passed + failed);
    double cost = kBugCost - failed * std::log(1 - health);
    return passed > 0 ? cost - passed * std::log(health) : cost;
  }

  void TakeFindings() {
    for (const SanitizerFinding& finding : request_.findings) {
      const StackFrame& at = finding.stack.back();
      const auto test = std::ranges::find(request_.failing, finding.id,
                                          [](const TestCase& one) { return one.id; });
      if (test == request_.failing.end() || !models_.contains(at.file)) continue;
      const auto index = static_cast<size_t>(test - request_.failing.begin());
      if (!cause_[index].empty()) continue;
      cause_[index] = CauseAt(at.file, at.line);
      place_[index] = {at.file, at.line};
    }
  }

  void Cover() {
    std::set<size_t> open;
    for (const Element& element : elements_)
      open.insert(element.failing.begin(), element.failing.end());
    std::erase_if(open, [&](size_t test) { return !cause_[test].empty(); });
    while (!open.empty()) {
      const Element* best = nullptr;
      double best_cost = 0;
      for (const Element& element : elements_) {
        size_t explained = 0;
        for (size_t test : element.failing) explained += open.count(test);
        if (explained == 0) continue;
        double cost = Cost(element, explained) / static_cast<double>(explained);
        if (best == nullptr || cost < best_cost) best = &element, best_cost = cost;
      }
      for (size_t test : best->failing) {
        if (open.erase(test) == 0) continue;
        cause_[test] = best->cause;
        place_[test] = {best->file, best->line};
      }
    }
  }

  std::vector<FailureCluster> Build() {
    std::map<std::string, FailureCluster> clusters;
    for (size_t i = 0; i < request_.failing.size(); ++i) {
      const TestCase& test = request_.failing[i];
      auto [file, line] = place_[i];
      std::string cause = cause_[i];
      if (cause.empty()) std::tie(cause, file, line) = ByStack(test.stack);
      if (cause.empty()) cause = StrCat("test:", test.file);
      Put(&clusters[cause], file, line).tests.push_back(test.id);
    }
    for (const CollectionError& error : request_.errors) {
      auto [cause, file, line] = ByStack(error.stack);
      if (cause.empty())
        cause =
            StrCat("module:", error.missing_module, error.missing_module.empty() ? error.file : "");
      Put(&clusters[cause], file, line).collection_errors.push_back(error.file);
    }
    std::vector<FailureCluster> out;
    for (auto& [cause, cluster] : clusters) out.push_back(std::move(cluster));
    auto size = [](const FailureCluster& c) { return c.tests.size() + c.collection_errors.size(); };
    std::stable_sort(out.begin(), out.end(), [&](const FailureCluster& a, const FailureCluster& b) {
      return size(a) > size(b);
    });
    while (out.size() > kClustersMax) {  // the smallest join the last that is kept
      FailureCluster& into = out[kClustersMax - 1];
      into.tests.insert(into.tests.end(), out.back().tests.begin(), out.back().tests.end());
      into.collection_errors.insert(into.collection_errors.end(),
                                    out.back().collection_errors.begin(),
                                    out.back().collection_errors.end());
      out.pop_back();
    }
    return out;
  }

  static FailureCluster& Put(FailureCluster* cluster, const std::string& file, uint32_t line) {
    if (cluster->file.empty()) cluster->file = file, cluster->line = line;
    return *cluster;
  }

  /// The innermost frame in a file that may be edited.
  std::tuple<std::string, std::string, uint32_t> ByStack(
      const std::vector<StackFrame>& stack) const {
    for (auto frame = stack.rbegin(); frame != stack.rend(); ++frame) {
      if (models_.contains(frame->file))
        return {CauseAt(frame->file, frame->line), frame->file, frame->line};
    }
    return {"", "", 0};
  }

  const ClusterRequest& request_;
  std::map<std::string, std::unique_ptr<SourceModel>> models_;
  std::vector<Element> elements_;
  std::vector<std::string> cause_;
  std::vector<std::pair<std::string, uint32_t>> place_;
};

}  // namespace

std::vector<FailureCluster> ClusterFailures(const ClusterRequest& request) {
  return Clusterer(request).Run();
}

}  // namespace coditect::repair
