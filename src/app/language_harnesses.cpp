// Dispatch by language.
#include "src/app/language_harnesses.h"

#include <optional>
#include <utility>

#include "src/app/mixed_harness.h"
#include "src/base/strings.h"

namespace coditect {
namespace {

// Names in plans (LanguageHarness::language).
constexpr std::string_view kCompiled = "c++";
constexpr std::string_view kPython = "python";

class LanguageHarnesses final : public TestHarness {
 public:
  explicit LanguageHarnesses(std::vector<LanguageHarness> harnesses)
      : harnesses_(std::move(harnesses)) {}

  StatusOr<HarnessPlan> Detect(const Context& ctx, Workspace& workspace,
                               const DetectRequest& request) override {
    std::string reasons;
    const bool mixed = DeclaresPython(request.files) && request.verify_command.empty();
    std::optional<HarnessPlan> first;
    for (const LanguageHarness& one : harnesses_) {
      if (first.has_value() && one.language != kPython) continue;
      auto plan = one.harness->Detect(ctx, workspace, request);
      if (first.has_value()) {
        if (!absl::IsNotFound(plan.status()) && !plan.ok()) return plan;
        return plan.ok() ? MixedPlan(request.files, *std::move(first), *std::move(plan))
                         : *std::move(first);
      }
      if (plan.ok() && mixed && one.language == kCompiled && plan->runner != "command") {
        first = *std::move(plan);
        continue;
      }
      if (!absl::IsNotFound(plan.status())) return plan;
      const std::string reason = Message(plan.status());
      if (!reason.empty()) reasons += StrCat(reasons.empty() ? "" : "; ", reason);
    }
    if (first.has_value()) return *std::move(first);
    if (!reasons.empty()) return NotFound(reasons);
    if (request.builds) {
      return NotFound("there is nothing to build: the repository has no C or C++ file; ",
                      "`coditect run \"make the tests pass\"` works on its tests");
    }
    return NotFound("the repository has no Python, C or C++ file, and this version repairs ",
                    "nothing else");
  }

  StatusOr<TestReport> Run(const Context& ctx, Workspace& workspace,
                           const TestRunRequest& request) override {
    if (IsMixed(request.plan)) {
      ASSIGN_OR_RETURN(TestHarness * compiled, Of(request.plan.parts[0]));
      ASSIGN_OR_RETURN(TestHarness * python, Of(request.plan.parts[1]));
      return RunMixed(ctx, *compiled, *python, workspace, request);
    }
    ASSIGN_OR_RETURN(TestHarness * harness, Of(request.plan));
    return harness->Run(ctx, workspace, request);
  }

  StatusOr<BuildReport> Build(const Context& ctx, Workspace& workspace,
                              const BuildRequest& request) override {
    ASSIGN_OR_RETURN(TestHarness * harness, Of(request.plan));
    return harness->Build(ctx, workspace, request);
  }

  StatusOr<std::unique_ptr<CandidateFilter>> OpenFilter(const Context& ctx, Workspace& workspace,
                                                        const FilterRequest& request) override {
    if (IsMixed(request.plan)) {
      ASSIGN_OR_RETURN(TestHarness * compiled, Of(request.plan.parts[0]));
      ASSIGN_OR_RETURN(TestHarness * python, Of(request.plan.parts[1]));
      return OpenMixedFilter(ctx, *compiled, *python, workspace, request);
    }
    ASSIGN_OR_RETURN(TestHarness * harness, Of(request.plan));
    return harness->OpenFilter(ctx, workspace, request);
  }

  std::vector<std::pair<std::string, std::string>> SupportFiles() const override {
    std::vector<std::pair<std::string, std::string>> files;
    for (const LanguageHarness& one : harnesses_) {
      for (auto& file : one.harness->SupportFiles()) files.push_back(std::move(file));
    }
    return files;
  }

 private:
  StatusOr<TestHarness*> Of(const HarnessPlan& plan) const {
    for (const LanguageHarness& one : harnesses_) {
      if (one.language == plan.language) return one.harness.get();
    }
    return InvalidArgument("no harness for the language '", EscapeForTerminal(plan.language), "'");
  }

  const std::vector<LanguageHarness> harnesses_;
};

}  // namespace

std::unique_ptr<TestHarness> CombineHarnesses(std::vector<LanguageHarness> harnesses) {
  return std::make_unique<LanguageHarnesses>(std::move(harnesses));
}

}  // namespace coditect
