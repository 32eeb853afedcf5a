// Greedy search over remedies.
#include "src/repair/compile_search.h"

#include <algorithm>
#include <optional>

#include "src/base/strings.h"
#include "src/repair/compile_guard.h"

namespace coditect::repair {
namespace {

constexpr size_t kRoundsMax = 60;         // remedies in one patch
constexpr size_t kGroupsMax = 4;          // causes that are tried in one round: errors have echoes
constexpr size_t kTriesMax = 24;          // builds for one cause
constexpr size_t kAlternativesMax = 6;    // patches that build, compared by tests
constexpr size_t kTriesForTests = 12;     // builds spent on finding them
constexpr double kAlternativeFrom = 0.2;  // they may be so much less likely than the first

using ErrorKey = std::pair<std::string, std::string>;  // file, message

std::multiset<ErrorKey> KeysOf(const std::vector<Diagnostic>& diagnostics) {
  std::multiset<ErrorKey> keys;
  for (const Diagnostic& one : diagnostics) {
    if (one.error) keys.insert({one.file, one.message});
  }
  return keys;
}

bool IsOfLinker(const Diagnostic& one) {
  return Contains(one.message, "undefined reference to") ||
         Contains(one.message, "multiple definition of");
}

/// How much better a build is than the one before; less is better.
enum class Gain { kPassed, kClean, kFewer, kFurther, kNone };

Gain GainOf(const std::vector<Diagnostic>& before, const BuildOutcome& after,
            const ErrorGroup& group) {
  if (after.passed) return Gain::kPassed;
  const auto old_keys = KeysOf(before);
  const auto new_keys = KeysOf(after.diagnostics);
  if (new_keys.empty()) return Gain::kNone;  // it fails without saying why
  const bool nothing_new =
      std::ranges::all_of(new_keys, [&](const ErrorKey& key) { return old_keys.contains(key); });
  if (new_keys.size() < old_keys.size()) return nothing_new ? Gain::kClean : Gain::kFewer;
  const Diagnostic& target = group.errors.front();
  if (new_keys.contains({target.file, target.message})) return Gain::kNone;
  // What is new must lie behind what was mended: there the compiler came only now.
  const bool further = std::ranges::all_of(after.diagnostics, [&](const Diagnostic& one) {
    return !one.error || old_keys.contains({one.file, one.message}) || IsOfLinker(one) ||
           (one.file == target.file && one.line > target.line);
  });
  return further ? Gain::kFurther : Gain::kNone;
}

class CompileSearch {
 public:
  CompileSearch(const CompileSearchOptions& options, const BuildJudge& judge)
      : options_(options), judge_(judge) {
    for (const SourceText& file : options.files) base_[file.path] = file.text;
  }

  StatusOr<CompileSearchResult> Run() {
    ASSIGN_OR_RETURN(now_, Judge({}));
    result_.errors_at_first = KeysOf(now_.diagnostics).size();
    if (now_.passed) result_.passed = true;
    for (size_t round = 0; round < kRoundsMax && !result_.passed; ++round) {
      ASSIGN_OR_RETURN(const bool better, Improve());
      if (!better) break;
    }
    if (!result_.passed) {
      result_.changed = changed_;
      for (const Diagnostic& one : now_.diagnostics) {
        if (one.error) result_.left.push_back(one);
      }
    }
    return std::move(result_);
  }

 private:
  struct Try {
    ChangedTexts changed;
    BuildOutcome outcome;
    std::string step;
    Gain gain = Gain::kNone;
  };

  StatusOr<BuildOutcome> Judge(const ChangedTexts& changed) {
    ++result_.builds;
    return judge_(changed);
  }

  bool Spent() const { return result_.builds >= options_.builds_max; }

  const std::string& TextOf(const std::string& path) const {
    const auto found = changed_.find(path);
    return found != changed_.end() ? found->second : base_.at(path);
  }

  /// One remedy more; false when nothing helps.
  StatusOr<bool> Improve() {
    std::vector<CodeText> codes;
    for (const auto& [path, text] : base_) codes.emplace_back(path, TextOf(path));
    const CodeIndex index(std::move(codes));
    const std::vector<ErrorGroup> groups = GroupErrors(now_.diagnostics);
    for (size_t i = 0; i < groups.size() && i < kGroupsMax && !Spent(); ++i) {
      ASSIGN_OR_RETURN(std::optional<Try> best, Mend(index, groups[i]));
      if (!best.has_value()) continue;
      result_.steps.push_back(best->step);
      changed_ = std::move(best->changed);
      now_ = std::move(best->outcome);
      if (best->gain == Gain::kPassed) {
        result_.passed = true;
        result_.changed = changed_;
        result_.failing_tests = now_.failing_tests;
      }
      return true;
    }
    return false;
  }

  /// The best remedy of one cause; nullopt when none helps.
  StatusOr<std::optional<Try>> Mend(const CodeIndex& index, const ErrorGroup& group) {
    std::optional<Try> best;
    size_t tries = 0;
    size_t passed = 0;
    size_t after_passed = 0;
    double likely = 0;  // of the first that passed
    for (const CompileProposal& proposal :
         ProposeFixes(index, group, options_.editable, options_.space)) {
      if (Spent() || tries >= kTriesMax) break;
      if (passed > 0 && proposal.score < likely - kAlternativeFrom) break;
      if (passed >= kAlternativesMax || after_passed > kTriesForTests) break;
      std::optional<Try> one = Prepare(index, proposal);
      if (!one.has_value()) continue;
      ++tries;
      ++result_.proposals;
      after_passed += passed > 0 ? 1 : 0;
      ASSIGN_OR_RETURN(one->outcome, Judge(one->changed));
      one->gain = GainOf(now_.diagnostics, one->outcome, group);
      if (one->gain == Gain::kNone) continue;
      if (one->gain == Gain::kPassed && passed++ == 0) likely = proposal.score;
      const bool better = !best.has_value() || Rank(*one) < Rank(*best);
      if (better) best = std::move(*one);
      if (best->gain == Gain::kPassed ? best->outcome.failing_tests == 0
                                      : best->gain == Gain::kClean) {
        break;
      }
    }
    return best;
  }

  static std::tuple<Gain, size_t, size_t> Rank(const Try& one) {
    return {one.gain, one.outcome.failing_tests, KeysOf(one.outcome.diagnostics).size()};
  }

  /// The texts after the proposal; nullopt when it is no repair, or was judged before.
  std::optional<Try> Prepare(const CodeIndex& index, const CompileProposal& proposal) {
    std::map<std::string, std::vector<SourceEdit>> by_file;
    for (const SourceEdit& edit : proposal.edits) by_file[edit.file].push_back(edit);
    Try one;
    one.changed = changed_;
    for (auto& [path, edits] : by_file) {
      if (!base_.contains(path)) return std::nullopt;
      auto text = ApplyEdits(TextOf(path), std::move(edits));
      if (!text.ok()) return std::nullopt;
      const std::string removed = RemovedBy(base_.at(path), *text);
      if (!removed.empty()) {
        ++result_.refused;
        if (result_.refusal.empty()) result_.refusal = StrCat(proposal.rule, ": ", removed);
        return std::nullopt;
      }
      one.changed[path] = *std::move(text);
    }
    if (!judged_.insert(one.changed).second) return std::nullopt;
    const SourceEdit& first = proposal.edits.front();
    const CodeText& code = index.files()[index.FileOf(first.file)];
    const auto line = 1 + std::count(code.text().begin(), code.text().begin() + first.start, '\n');
    one.step = StrCat(proposal.rule, " at ", first.file, ":", line);
    if (proposal.edits.size() > 1) {
      one.step += StrCat(" and ", Counted(proposal.edits.size() - 1, "place"), " more");
    }
    return one;
  }

  const CompileSearchOptions& options_;
  const BuildJudge& judge_;
  std::map<std::string, std::string> base_;
  ChangedTexts changed_;
  std::set<ChangedTexts> judged_;
  BuildOutcome now_;
  CompileSearchResult result_;
};

}  // namespace

StatusOr<CompileSearchResult> SearchBuild(const CompileSearchOptions& options,
                                          const BuildJudge& judge) {
  return CompileSearch(options, judge).Run();
}

}  // namespace coditect::repair
