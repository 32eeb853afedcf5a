// Spectrum-based fault localization on per-test coverage.
#include "src/repair/fault_localization.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>

#include "src/repair/call_reach.h"

namespace coditect::repair {
namespace {

using analysis::Binding;
using analysis::Symbol;

constexpr double kInnermostFrame = 0.3;  // of what is missing to 1
constexpr double kOuterFrame = 0.12;
constexpr double kReportedFrame = 0.9;     // where a sanitizer saw the error
constexpr double kReportedFunction = 0.4;  // around that place: what should have prevented it
constexpr double kReportedCaller = 0.6;
constexpr double kReportedOwner = 0.6;  // allocated or freed what the error is about
constexpr double kNearReported = 0.9;   // share that is left to the rest of that function
constexpr double kUnreported = 0.7;     // share that is left to all else when something is reported
constexpr double kCalledDirectly = 0.05;
constexpr double kUntraced = 0.4;
constexpr double kPerCall = 0.9;  // share that is left by each call between test and function
constexpr size_t kEquallySuspect = 200;    // as many lines of the highest score say nothing
constexpr double kDefinitionShare = 0.55;  // of the suspicion of the code that uses it
constexpr double kImportTime = 0.1;        // of the suspicion its importers give
constexpr double kImportTimeMin = 0.005;   // nobody is known to import it
constexpr int kImportTimeCalls = 3;        // levels of calls from a definition inwards

struct Counts {
  uint32_t failed = 0;
  uint32_t passed = 0;
  double boost = 0;
  bool reported = false;
  bool near_reported = false;  // in a function where something is reported
};
/// By file and index of the statement.
using Spectrum = std::map<std::pair<std::string, int>, Counts>;
using Models = std::map<std::string, std::unique_ptr<SourceModel>>;

Models ReadModels(const std::vector<SourceText>& files) {
  Models models;
  for (const SourceText& file : files) {
    auto model = SourceModel::Create(file);
    if (model.ok()) models[file.path] = std::move(model).value();
  }
  return models;
}

/// Statements by file; one of several lines stands once.
std::map<std::string, std::set<int>> Executed(const TestCoverage& test, const Models& models) {
  std::map<std::string, std::set<int>> hit;
  for (const FileLines& file : test.files) {
    auto model = models.find(file.file);
    if (model == models.end()) continue;
    for (uint32_t line : file.lines) {
      int statement = analysis::StatementAtLine(model->second->statements(), line);
      if (statement >= 0) hit[file.file].insert(statement);
    }
  }
  return hit;
}

void Count(const TestCoverage& test, const Models& models, bool failed, Spectrum* spectrum) {
  for (const auto& [file, statements] : Executed(test, models)) {
    for (int statement : statements) {
      Counts& counts = (*spectrum)[{file, statement}];
      ++(failed ? counts.failed : counts.passed);
    }
  }
}

/// The qualified name of the function around a place, "" outside of all; nothing when no statement
/// of a file that may be edited stands there.
std::optional<std::string> FunctionAround(const StackFrame& at, const Models& models) {
  const auto model = models.find(at.file);
  if (model == models.end()) return std::nullopt;
  const auto& statements = model->second->statements();
  const int index = analysis::StatementAtLine(statements, at.line);
  if (index < 0) return std::nullopt;
  return model->second->FunctionName(statements[static_cast<size_t>(index)].node);
}

/// boosts: of the innermost frames that may be edited; the last is of all others, too.
void AddStack(const std::vector<StackFrame>& stack, const std::vector<double>& boosts,
              bool reported, const Models& models, Spectrum* spectrum) {
  size_t depth = 0;
  for (auto frame = stack.rbegin(); frame != stack.rend(); ++frame) {
    auto model = models.find(frame->file);
    if (model == models.end()) continue;
    int statement = analysis::StatementAtLine(model->second->statements(), frame->line);
    if (statement < 0) continue;
    Counts& counts = (*spectrum)[{frame->file, statement}];
    counts.boost = std::max(counts.boost, boosts[std::min(depth, boosts.size() - 1)]);
    counts.reported |= reported;
    ++depth;
  }
}

void AddStacks(const LocalizationRequest& request, const Models& models, Spectrum* spectrum) {
  const std::vector<double> failure = {kInnermostFrame, kOuterFrame};
  for (const TestCase& test : request.failing)
    AddStack(test.stack, failure, false, models, spectrum);
  for (const CollectionError& error : request.errors) {
    AddStack(error.stack, failure, false, models, spectrum);
  }
  for (const SanitizerFinding& finding : request.findings) {
    AddStack(finding.stack, {kReportedFrame, kReportedCaller, kOuterFrame}, true, models, spectrum);
    AddStack(finding.involved, {kReportedOwner}, true, models, spectrum);
  }
}

/// Statements that failing tests executed in the functions where sanitizers saw the errors.
void AddReportedFunctions(const LocalizationRequest& request, const Models& models,
                          Spectrum* spectrum) {
  std::set<std::pair<std::string, std::string>> functions;
  for (const SanitizerFinding& finding : request.findings) {
    const StackFrame& at = finding.stack.back();
    if (auto function = FunctionAround(at, models))
      functions.emplace(at.file, *std::move(function));
  }
  if (functions.empty()) return;
  for (auto& [place, counts] : *spectrum) {
    const SourceModel& model = *models.at(place.first);
    const NodeId node = model.statements()[static_cast<size_t>(place.second)].node;
    if (counts.failed == 0 || !functions.contains({place.first, model.FunctionName(node)}))
      continue;
    if (counts.reported) continue;
    counts.boost = std::max(counts.boost, kReportedFunction);
    counts.near_reported = true;
  }
}

/// Module-level definitions (constants, defaults in headers) run at import, before any test: they
/// get a share of the suspicion of the functions that use them.
void AddDefinitions(const SourceModel& model, const std::map<std::string, double>& by_function,
                    std::vector<SuspiciousLine>* out) {
  const analysis::SyntaxTree& tree = model.tree();
  std::map<uint32_t, double> lines;
  std::map<std::string_view, double>
      used;  // names by the highest suspicion of a function using them
  for (NodeId id = 0; id < tree.size(); ++id) {
    if (tree[id].role != Role::kIdentifier) continue;
    auto found = by_function.find(model.FunctionName(id));
    if (found == by_function.end()) continue;
    double& value = used[model.Text(id)];
    value = std::max(value, found->second);
  }
  for (const Binding& binding : model.scope().bindings()) {
    if (binding.node == kNoNode) continue;
    bool outer =
        tree[binding.scope].role == Role::kModule || tree[binding.scope].role == Role::kClass;
    auto found = used.find(binding.name);
    if (!outer || found == used.end()) continue;
    if (binding.origin != analysis::NameOrigin::kGlobal &&
        binding.origin != analysis::NameOrigin::kLocal &&
        binding.origin != analysis::NameOrigin::kImport) {
      continue;
    }
    double& value = lines[tree[binding.node].line];
    value = std::max(value, kDefinitionShare * found->second);
  }
  for (const Symbol& symbol : model.symbols()) {
    auto found = by_function.find(symbol.qualified_name);
    if (found == by_function.end() || symbol.parameters.empty()) continue;
    double& value = lines[tree[symbol.node].line];
    value = std::max(value, kDefinitionShare * found->second);
  }
  for (const auto& [line, score] : lines) {
    int statement = analysis::StatementAtLine(model.statements(), line);
    if (statement < 0) continue;
    const Statement& at = model.statements()[static_cast<size_t>(statement)];
    out->push_back({model.path(), at.first_line, score, model.FunctionName(at.node), 0, 0});
  }
}

/// Suspicion of what ran while the module was imported, for code no failing test executed: an
/// equal small one by its importers, more for functions that suspicious definitions call.
class ImportTime {
 public:
  /// floor: what its importers give; known: functions that failing tests executed.
  ImportTime(const SourceModel& model, double floor, const std::map<std::string, double>& known)
      : model_(model), floor_(floor), known_(known) {}

  /// ran: statements, by index; definitions: module-level lines that are already suspicious.
  void Add(const std::set<int>& ran, const std::map<uint32_t, double>& definitions,
           std::vector<SuspiciousLine>* out) {
    for (int index : ran) {
      std::string function = FunctionAt(index);
      if (!function.empty()) functions_[function] = floor_;
    }
    for (int level = 0; level < kImportTimeCalls; ++level) Spread(definitions);
    for (int index : ran) {
      const Statement& at = Of(index);
      const Role role = model_.tree()[at.node].role;
      if (role == Role::kImport || role == Role::kImportFrom || role == Role::kFunction ||
          role == Role::kClass) {
        continue;
      }
      const std::string function = FunctionAt(index);
      if (known_.contains(function)) continue;
      const double score = function.empty() ? floor_ : functions_[function];
      out->push_back({model_.path(), at.first_line, score, function, 0, 0});
    }
  }

 private:
  const Statement& Of(int index) const { return model_.statements()[static_cast<size_t>(index)]; }
  std::string FunctionAt(int index) const { return model_.FunctionName(Of(index).node); }

  /// One level of calls: a function that ran gets a share of who names it.
  void Spread(const std::map<uint32_t, double>& definitions) {
    std::map<std::string_view, double> named;
    const analysis::SyntaxTree& tree = model_.tree();
    for (NodeId id = 0; id < tree.size(); ++id) {
      if (tree[id].role != Role::kIdentifier) continue;
      const std::string function = model_.FunctionName(id);
      double score = 0;
      if (!function.empty()) {
        auto found = functions_.find(function);
        if (found != functions_.end()) score = found->second;
      } else if (int index = analysis::StatementAtLine(model_.statements(), tree[id].line);
                 index >= 0) {
        auto found = definitions.find(Of(index).first_line);
        if (found != definitions.end()) score = found->second;
      }
      double& value = named[model_.Text(id)];
      value = std::max(value, kDefinitionShare * score);
    }
    for (auto& [function, score] : functions_) {
      auto found = named.find(std::string_view(function).substr(function.rfind('.') + 1));
      if (found != named.end()) score = std::max(score, found->second);
    }
  }

  const SourceModel& model_;
  const double floor_;
  const std::map<std::string, double>& known_;
  std::map<std::string, double> functions_;  // that ran
};

std::vector<SuspiciousLine> ImportTimeLines(
    const LocalizationRequest& request, const Models& models,
    const std::map<std::string, std::map<std::string, double>>& by_function,
    const std::vector<SuspiciousLine>& known) {
  std::map<std::string, std::map<uint32_t, double>> definitions;
  for (const SuspiciousLine& line : known) {
    if (!line.function.empty()) continue;
    double& score = definitions[line.file][line.line];
    score = std::max(score, line.score);
  }
  std::map<std::string, std::set<int>> ran;
  for (const TestCoverage& coverage : request.coverage) {
    if (!coverage.id.empty()) continue;
    for (const auto& [file, statements] : Executed(coverage, models)) {
      ran[file].insert(statements.begin(), statements.end());
    }
  }
  const auto total = static_cast<uint32_t>(request.failing.size() + request.errors.size());
  std::vector<SuspiciousLine> out;
  for (const auto& [file, statements] : ran) {
    auto importers = request.importers.find(file);
    double floor = kImportTimeMin;
    if (importers != request.importers.end()) {
      floor += kImportTime * Ochiai(importers->second.failed, total, importers->second.passed);
    }
    static const std::map<std::string, double> kNone;
    auto functions = by_function.find(file);
    ImportTime(*models.at(file), floor, functions == by_function.end() ? kNone : functions->second)
        .Add(statements, definitions[file], &out);
  }
  return out;
}

/// Nothing was traced (the tests fail while they are collected): the functions they call, or all.
void AddCalled(const Models& models, const std::set<std::string>& called,
               std::vector<SuspiciousLine>* out) {
  for (bool any : {false, true}) {
    for (const auto& [path, model] : models) {
      for (const Statement& statement : model->statements()) {
        const Symbol* function = model->FunctionOf(statement.node);
        if (function == nullptr || (!any && !called.contains(function->name))) continue;
        out->push_back({path, statement.first_line, any ? kUntraced / 2 : kUntraced,
                        function->qualified_name, 0, 0});
      }
    }
    if (!out->empty()) return;
  }
}

/// Functions in which the failing tests say that they failed: an assertion of the code itself.
std::set<std::string> FailedFunctions(const LocalizationRequest& request, const Models& models) {
  std::set<std::string> functions;
  for (const TestCase& test : request.failing) {
    for (const StackFrame& frame : test.stack) {
      if (auto function = FunctionAround(frame, models)) functions.insert(*std::move(function));
    }
  }
  functions.erase("");
  return functions;
}

/// Lowers what lies far from the failing tests when that is all there is to tell lines apart.
void WeighByCalls(const LocalizationRequest& request, const Models& models,
                  std::vector<SuspiciousLine>* lines) {
  double highest = 0;
  for (const SuspiciousLine& line : *lines) highest = std::max(highest, line.score);
  const auto ties = std::ranges::count_if(
      *lines, [&](const SuspiciousLine& line) { return line.score == highest; });
  if (static_cast<size_t>(ties) < kEquallySuspect) return;
  const std::set<std::string> seen = FailedFunctions(request, models);
  if (request.called.empty() && seen.empty()) return;
  CallReach reach;
  for (const auto& [path, model] : models) reach.Add(*model);
  for (const auto& [path, model] : ReadModels(request.tests)) reach.Add(*model);
  reach.Walk(request.called, seen);
  for (SuspiciousLine& line : *lines) {
    const auto steps = line.function.empty() ? std::nullopt : reach.Steps(line.function);
    line.score *= std::pow(kPerCall, steps.value_or(CallReach::kStepsMax + 1));
  }
}

void SortAndCut(size_t most, std::vector<SuspiciousLine>* lines) {
  // The same line may stand twice: keep its highest score.
  std::sort(lines->begin(), lines->end(), [](const SuspiciousLine& a, const SuspiciousLine& b) {
    return std::tie(a.file, a.line, b.score) < std::tie(b.file, b.line, a.score);
  });
  lines->erase(std::unique(lines->begin(), lines->end(),
                           [](const SuspiciousLine& a, const SuspiciousLine& b) {
                             return a.file == b.file && a.line == b.line;
                           }),
               lines->end());
  std::stable_sort(
      lines->begin(), lines->end(),
      [](const SuspiciousLine& a, const SuspiciousLine& b) { return a.score > b.score; });
  if (lines->size() > most) lines->resize(most);
}

}  // namespace

double Ochiai(uint32_t failed, uint32_t failing_total, uint32_t passed) {
  if (failed == 0 || failing_total == 0) return 0;
  return failed / std::sqrt(static_cast<double>(failing_total) * (failed + passed));
}

StatusOr<std::vector<SuspiciousLine>> Localize(const LocalizationRequest& request) {
  if (request.failing.empty() && request.errors.empty()) {
    return InvalidArgument("nothing failed, so nothing is suspicious");
  }
  Models models = ReadModels(request.files);
  std::set<std::string> failing;
  for (const TestCase& test : request.failing) failing.insert(test.id);
  std::set<std::string> passing(request.passing.begin(), request.passing.end());
  Spectrum spectrum;
  for (const TestCoverage& test : request.coverage) {
    if (failing.contains(test.id)) Count(test, models, true, &spectrum);
    if (passing.contains(test.id)) Count(test, models, false, &spectrum);
  }
  AddStacks(request, models, &spectrum);
  AddReportedFunctions(request, models, &spectrum);
  std::vector<SuspiciousLine> lines;
  std::map<std::string, std::map<std::string, double>> by_function;  // file, function
  uint32_t total = static_cast<uint32_t>(failing.size());
  for (const auto& [place, counts] : spectrum) {
    const SourceModel& model = *models.at(place.first);
    const Statement& statement = model.statements()[static_cast<size_t>(place.second)];
    SuspiciousLine line{place.first,   statement.first_line, 0, model.FunctionName(statement.node),
                        counts.failed, counts.passed};
    double score = Ochiai(counts.failed, total, counts.passed);
    std::string name = line.function.substr(line.function.rfind('.') + 1);
    score += (1 - score) * counts.boost;
    if (request.called.contains(name)) score += (1 - score) * kCalledDirectly;
    if (!request.findings.empty() && !counts.reported) {
      score *= counts.near_reported ? kNearReported : kUnreported;
    }
    if (score <= 0) continue;
    line.score = score;
    double& best = by_function[line.file][line.function];
    best = std::max(best, score);
    lines.push_back(std::move(line));
  }
  for (const auto& [file, functions] : by_function)
    AddDefinitions(*models.at(file), functions, &lines);
  WeighByCalls(request, models, &lines);
  std::vector<SuspiciousLine> at_import = ImportTimeLines(request, models, by_function, lines);
  SortAndCut(kImportTimeLinesMax, &at_import);
  if (lines.empty()) AddCalled(models, request.called, &lines);
  SortAndCut(kSuspiciousLinesMax - at_import.size(), &lines);
  lines.insert(lines.end(), at_import.begin(), at_import.end());
  SortAndCut(kSuspiciousLinesMax, &lines);
  return lines;
}

void RaiseReported(const std::vector<SanitizerFinding>& findings,
                   std::vector<SuspiciousLine>* lines) {
  std::map<std::pair<std::string_view, uint32_t>, double> boosts;
  std::set<std::pair<std::string_view, std::string_view>> functions;
  const auto raise = [&](const StackFrame& frame, double boost) {
    const SuspiciousLine* statement = nullptr;  // the last that begins there or before
    for (const SuspiciousLine& line : *lines) {
      if (line.file != frame.file || line.line > frame.line) continue;
      if (statement == nullptr || statement->line < line.line) statement = &line;
    }
    if (statement == nullptr) return;
    double& known = boosts[{statement->file, statement->line}];
    known = std::max(known, boost);
    if (boost < kReportedFrame) return;
    functions.emplace(statement->file, statement->function);
  };
  for (const SanitizerFinding& finding : findings) {
    const auto& stack = finding.stack;
    for (size_t depth = 0; depth < stack.size(); ++depth) {
      const double boost =
          depth == 0 ? kReportedFrame : (depth == 1 ? kReportedCaller : kOuterFrame);
      raise(stack[stack.size() - 1 - depth], boost);
    }
    for (const StackFrame& owner : finding.involved) raise(owner, kReportedOwner);
  }
  for (SuspiciousLine& line : *lines) {
    const auto boost = boosts.find({line.file, line.line});
    if (boost != boosts.end()) {
      line.score += (1 - line.score) * boost->second;
    } else if (functions.contains({line.file, line.function})) {
      line.score = kNearReported * (line.score + (1 - line.score) * kReportedFunction);
    } else if (!boosts.empty()) {
      line.score *= kUnreported;
    }
  }
  SortAndCut(lines->size(), lines);
}

}  // namespace coditect::repair
