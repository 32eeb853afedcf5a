// Batches to the filter's process, and what to do when it dies.
#include "src/adapters/python/filter.h"

#include <algorithm>
#include <utility>

#include "src/adapters/python/launch.h"
#include "src/adapters/python/messages.h"
#include "src/adapters/python/session.h"
#include "src/base/strings.h"

namespace coditect::python {
namespace {

constexpr size_t kBatchMax = 256;
constexpr size_t kBatchBytesMax = 256 << 10;
constexpr uint64_t kMemoryDefault = uint64_t{1} << 30;
constexpr double kSleepSecondsMax = 2;
constexpr int kRestartsMax = 16;  // in one call of Judge
constexpr size_t kNamesMax = 50'000;

class Filter final : public CandidateFilter {
 public:
  Filter(Workspace& workspace, FilterRequest request, std::string scripts)
      : workspace_(workspace), request_(std::move(request)), scripts_(std::move(scripts)) {}
  ~Filter() override { Close(); }

  Status Open(const Context& ctx);
  StatusOr<std::vector<JudgedCandidate>> Judge(const Context& ctx,
                                               std::span<const Candidate> candidates) override;
  StatusOr<std::vector<ObservedName>> Observe(const Context& ctx) override;
  Usage usage() const override;

 private:
  /// The next message; UNAVAILABLE when the process is gone.
  StatusOr<ChannelMessage> Receive(const Context& ctx);
  /// Answers of one batch, in order; UNAVAILABLE when the process died over it, DEADLINE_EXCEEDED
  /// when it took longer than the limit of a candidate for each.
  StatusOr<std::vector<JudgedCandidate>> Ask(const Context& ctx,
                                             std::span<const Candidate> candidates);
  StatusOr<std::vector<JudgedCandidate>> OneByOne(const Context& ctx,
                                                  std::span<const Candidate> candidates,
                                                  int* restarts);
  void Close();

  Workspace& workspace_;
  const FilterRequest request_;
  const std::string scripts_;
  std::unique_ptr<Session> session_;
  Usage ended_;               // of processes that are gone
  uint64_t live_cpu_ms_ = 0;  // of the living one, as it last said
  MonotonicTime started_;
};

Status Filter::Open(const Context& ctx) {
  SandboxLimits of_process = request_.limits;
  of_process.wall = {};  // that one is for a candidate; a search may take long
  ASSIGN_OR_RETURN(session_,
                   Session::Start(ctx, workspace_,
                                  ScriptCommand(scripts_, "filter", request_.plan.interpreter,
                                                request_.seed, of_process)));
  ended_.runner_starts += 1;
  started_ = std::chrono::steady_clock::now();
  FilterLimits limits;
  limits.wall_seconds = kSleepSecondsMax;
  limits.memory_bytes = request_.limits.memory_bytes == 0
                            ? kMemoryDefault
                            : std::min(kMemoryDefault, request_.limits.memory_bytes / 2);
  RETURN_IF_ERROR(session_->Send(ctx, FilterRequestLine(request_, limits)));
  StatusOr<ChannelMessage> message = Receive(ctx);
  RETURN_IF_ERROR(ctx.Check());
  if (absl::IsUnavailable(message.status())) {
    return FailedPrecondition("the process that loads the tests ended before they were loaded");
  }
  RETURN_IF_ERROR(message.status());
  if (const auto* refused = std::get_if<Refused>(&*message)) {
    return FailedPrecondition(EscapeForTerminal(refused->text));
  }
  if (!std::holds_alternative<Ready>(*message)) {
    return Internal("the candidate filter's process sent another message than it should");
  }
  return absl::OkStatus();
}

StatusOr<ChannelMessage> Filter::Receive(const Context& ctx) {
  if (session_ == nullptr) return Unavailable("the candidate filter's process is gone");
  ASSIGN_OR_RETURN(const std::optional<std::string> line, session_->Next(ctx));
  if (!line.has_value()) return Unavailable("the candidate filter's process ended");
  return ParseMessage(*line);
}

void Filter::Close() {
  if (session_ == nullptr) return;
  session_->Kill();
  if (const StatusOr<SandboxResult> result = session_->Finish(); result.ok()) {
    ended_.cpu_ms += std::max<uint64_t>(static_cast<uint64_t>(result->cpu.count()), live_cpu_ms_);
    ended_.wall_ms += static_cast<uint64_t>(result->wall.count());
  }
  live_cpu_ms_ = 0;
  session_.reset();
}

StatusOr<std::vector<JudgedCandidate>> Filter::Ask(const Context& ctx,
                                                   std::span<const Candidate> candidates) {
  if (session_ == nullptr) return Unavailable("the candidate filter's process is gone");
  const auto wall = request_.limits.wall * static_cast<int64_t>(candidates.size());
  const Context within = wall.count() > 0 ? ctx.WithTimeout(wall) : ctx;
  RETURN_IF_ERROR(session_->Send(within, JudgeLine(candidates)));
  ASSIGN_OR_RETURN(ChannelMessage message, Receive(within));
  auto* judged = std::get_if<Judged>(&message);
  if (judged == nullptr || judged->answers.size() != candidates.size()) {
    return InvalidArgument("the candidate filter answered something else than it was asked");
  }
  for (size_t i = 0; i < candidates.size(); ++i) {
    JudgedCandidate& answer = judged->answers[i];
    if (answer.number != candidates[i].number) {
      return InvalidArgument("the candidate filter answered about another candidate");
    }
    // What ends its process has started a test: else a search that meets nothing but such
    // candidates would never use its budget up.
    if (answer.verdict == CandidateVerdict::kUndecided) answer.tests = std::max(1U, answer.tests);
  }
  live_cpu_ms_ = judged->cpu_ms;
  return std::move(judged->answers);
}

/// After the process died over a batch: the candidate that does it again stays undecided.
StatusOr<std::vector<JudgedCandidate>> Filter::OneByOne(const Context& ctx,
                                                        std::span<const Candidate> candidates,
                                                        int* restarts) {
  std::vector<JudgedCandidate> answers;
  for (const Candidate& candidate : candidates) {
    if (session_ == nullptr) {
      if (++*restarts > kRestartsMax) {
        return Unavailable("the candidate filter's process died ", kRestartsMax, " times");
      }
      RETURN_IF_ERROR(Open(ctx));
    }
    StatusOr<std::vector<JudgedCandidate>> answer = Ask(ctx, {&candidate, 1});
    if (answer.ok()) {
      answers.push_back(answer->front());
      continue;
    }
    Close();
    RETURN_IF_ERROR(ctx.Check());
    answers.push_back(
        {.number = candidate.number, .verdict = CandidateVerdict::kUndecided, .tests = 1});
  }
  return answers;
}

StatusOr<std::vector<JudgedCandidate>> Filter::Judge(const Context& ctx,
                                                     std::span<const Candidate> candidates) {
  std::vector<JudgedCandidate> answers;
  answers.reserve(candidates.size());
  int restarts = 0;
  while (answers.size() < candidates.size()) {
    RETURN_IF_ERROR(ctx.Check());
    auto rest = candidates.subspan(answers.size());
    size_t count = 0;
    size_t bytes = 0;
    while (count < std::min(rest.size(), kBatchMax) && (count == 0 || bytes < kBatchBytesMax)) {
      for (const SourceEdit& edit : rest[count].edits) bytes += edit.replacement.size() + 64;
      count += 1;
    }
    rest = rest.first(count);
    StatusOr<std::vector<JudgedCandidate>> judged = Ask(ctx, rest);
    if (!judged.ok()) {
      Close();
      RETURN_IF_ERROR(ctx.Check());
      judged = OneByOne(ctx, rest, &restarts);
    }
    RETURN_IF_ERROR(judged.status());
    for (const JudgedCandidate& answer : *judged) {
      ended_.tests += answer.tests;
      ended_.candidates += 1;
      answers.push_back(answer);
    }
  }
  return answers;
}

StatusOr<std::vector<ObservedName>> Filter::Observe(const Context& ctx) {
  if (session_ == nullptr) RETURN_IF_ERROR(Open(ctx));
  RETURN_IF_ERROR(session_->Send(ctx, ObserveLine()));
  std::vector<ObservedName> names;
  while (true) {
    ASSIGN_OR_RETURN(ChannelMessage message, Receive(ctx));
    if (std::holds_alternative<Observed>(message)) return names;
    auto* name = std::get_if<ObservedName>(&message);
    if (name == nullptr || names.size() >= kNamesMax) {
      return InvalidArgument("the candidate filter answered something else than it was asked");
    }
    names.push_back(std::move(*name));
  }
}

Usage Filter::usage() const {
  Usage usage = ended_;
  usage.cpu_ms += live_cpu_ms_;
  if (session_ != nullptr) {
    const auto lived = std::chrono::steady_clock::now() - started_;
    usage.wall_ms +=
        static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(lived).count());
  }
  return usage;
}

}  // namespace

StatusOr<std::unique_ptr<CandidateFilter>> OpenFilter(const Context& ctx, Workspace& workspace,
                                                      const FilterRequest& request,
                                                      const std::string& scripts) {
  if (request.plan.runner != "pytest" && request.plan.runner != "unittest") {
    return Unimplemented("candidates of a verify command are judged in fresh processes only");
  }
  auto filter = std::make_unique<Filter>(workspace, request, scripts);
  RETURN_IF_ERROR(filter->Open(ctx));
  return filter;
}

}  // namespace coditect::python
