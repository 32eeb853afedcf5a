// The task queue manager's timers: of missions and of leases.
#include "src/task_queue/step.h"
#include "src/task_queue/task_queue.h"

namespace coditect {

void TaskQueue::ArmTimers(const std::vector<Event>& events) {
  const MonotonicTime now = clock_.Now();
  const auto arm = [&](const MissionId& id, std::string timer, uint64_t ms) {
    if (ms > 0) timers_[{id, std::move(timer)}] = now + std::chrono::milliseconds(ms);
  };
  for (const Event& event : events) {
    const MissionId& id = event.mission_id;
    if (const auto* granted = std::get_if<LeaseGranted>(&event.body)) {
      arm(id, LeaseTimer(granted->task_id, granted->epoch), granted->wall_ms_max);
    } else if (const auto* ended = std::get_if<LeaseEnded>(&event.body)) {
      timers_.erase({id, LeaseTimer(ended->task_id, ended->epoch)});
    } else if (std::holds_alternative<MissionAccepted>(event.body) ||
               std::holds_alternative<MissionResumed>(event.body)) {
      if (const MissionState* mission = state_.Find(id)) {
        arm(id, "mission", mission->request.limits.max_time_ms);
      }
    } else if (std::holds_alternative<MissionStopped>(event.body) ||
               std::holds_alternative<MissionInterrupted>(event.body) ||
               std::holds_alternative<MissionCompleted>(event.body)) {
      timers_.erase({id, "mission"});
    }
  }
}

// Timers start anew with an owner: monotonic time does not outlive a process.
void TaskQueue::RearmTimers() {
  timers_.clear();
  const MonotonicTime now = clock_.Now();
  for (const MissionId& id : state_.running) {
    const MissionState& mission = *state_.Find(id);
    if (mission.request.limits.max_time_ms > 0) {
      timers_[{id, "mission"}] =
          now + std::chrono::milliseconds(mission.request.limits.max_time_ms);
    }
    for (const TaskState& task : mission.tasks) {
      if (!task.lease || task.lease->wall_ms_max == 0) continue;
      timers_[{id, LeaseTimer(task.spec.task_id, task.lease->epoch)}] =
          now + std::chrono::milliseconds(task.lease->wall_ms_max);
    }
  }
}

std::vector<TaskQueue::Message> TaskQueue::DueTimers() {
  const MonotonicTime now = clock_.Now();
  std::vector<Message> due;
  for (auto it = timers_.begin(); it != timers_.end();) {
    if (it->second > now) {
      ++it;
      continue;
    }
    Message message;
    message.mission_id = it->first.first;
    message.facts.emplace_back(TimerFired{.timer_id = it->first.second});
    due.push_back(std::move(message));
    it = timers_.erase(it);
  }
  if (options_.planning_interval.count() > 0 && now >= next_planning_) {
    next_planning_ = now + options_.planning_interval;
    for (const MissionId& id : state_.running) {
      Message message;
      message.mission_id = id;
      message.facts.emplace_back(TimerFired{.timer_id = "planning"});
      due.push_back(std::move(message));
    }
  }
  return due;
}

}  // namespace coditect
