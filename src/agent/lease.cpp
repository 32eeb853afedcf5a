// What an agent is given with its lease.
#include "src/agent/lease.h"

#include <utility>

#include "src/base/mutex.h"

namespace coditect {

std::string Lease::Parameter(const std::string& name) const {
  const auto found = wanted.action.parameters.find(name);
  return found == wanted.action.parameters.end() ? "" : found->second;
}

uint64_t Lease::IntParameter(const std::string& name) const {
  long long value = 0;
  return ParseInt(Parameter(name), 0, INT64_MAX, &value) ? static_cast<uint64_t>(value) : 0;
}

bool WorksOnBuild(const Lease& lease) { return lease.Parameter("goal") == "build"; }

std::string Lease::Label() const {
  return StrCat(wanted.mission_id, '/', wanted.task_id.ToString(), '/', wanted.epoch.ToString());
}

void Lease::Publish(std::string_view topic, std::string event_type, uint64_t duration_ms,
                    std::map<std::string, std::string> details) const {
  BusEvent event;
  event.topic = topic;
  event.event_type = std::move(event_type);
  event.mission_id = wanted.mission_id;
  event.task = wanted.task_id.ToString();
  event.epoch = wanted.epoch.ToString();
  event.agent_id = wanted.agent_id;
  event.trace_id = wanted.request->trace_id;
  event.duration_ms = duration_ms;
  event.details = std::move(details);
  services.bus.Publish(std::move(event));
}

void Lease::Think(std::string event_type, std::map<std::string, std::string> details) const {
  Publish(kTopicThink, std::move(event_type), 0, std::move(details));
}

void Lease::Act(std::string event_type, uint64_t duration_ms,
                std::map<std::string, std::string> details) const {
  Publish(kTopicAct, std::move(event_type), duration_ms, std::move(details));
}

void Lease::Pause(std::chrono::milliseconds duration) const {
  Mutex mutex;
  CondVar changed;
  bool cancelled = false;
  const auto registration = ctx.cancel.OnCancel([&] {
    MutexLock lock(mutex);
    cancelled = true;
    changed.NotifyAll();
  });
  const auto end = std::chrono::steady_clock::now() + duration;
  MutexLock lock(mutex);
  while (!cancelled && std::chrono::steady_clock::now() < end) changed.WaitUntil(mutex, end);
}

TaskResult Lease::NewResult(ResultOutcome outcome, std::string reason) const {
  TaskResult result;
  result.task_id = wanted.task_id;
  result.epoch = wanted.epoch;
  result.agent_id = wanted.agent_id;
  result.outcome = outcome;
  result.reason = std::move(reason);
  return result;
}

}  // namespace coditect
