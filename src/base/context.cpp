// Cancellation and deadlines.
#include "src/base/context.h"

#include <algorithm>
#include <utility>

namespace coditect {

void CancelToken::Cancel() const {
  std::map<uint64_t, std::function<void()>> callbacks;
  {
    MutexLock lock(shared_->mutex);
    if (shared_->cancelled) return;
    shared_->cancelled = true;
    // Run under the lock: a registration that is being released then waits for its callback, so
    // the callback's captures stay alive while it runs.
    for (auto& [id, callback] : shared_->callbacks) callback();
    callbacks.swap(shared_->callbacks);
  }
}

bool CancelToken::cancelled() const {
  MutexLock lock(shared_->mutex);
  return shared_->cancelled;
}

CancelToken::Registration CancelToken::OnCancel(std::function<void()> callback) const {
  Registration registration;
  MutexLock lock(shared_->mutex);
  if (shared_->cancelled) {
    callback();
    return registration;
  }
  registration.shared_ = shared_;
  registration.id_ = shared_->next_id++;
  shared_->callbacks.emplace(registration.id_, std::move(callback));
  return registration;
}

void CancelToken::Registration::Release() {
  if (shared_ == nullptr) return;
  {
    MutexLock lock(shared_->mutex);
    shared_->callbacks.erase(id_);
  }
  shared_.reset();
}

Status Context::Check() const {
  if (cancel.cancelled()) return Cancelled("cancelled");
  if (deadline != MonotonicTime::max() && std::chrono::steady_clock::now() >= deadline) {
    return DeadlineExceeded("deadline exceeded");
  }
  return absl::OkStatus();
}

Context Context::WithTimeout(std::chrono::milliseconds timeout) const {
  Context out = *this;
  out.deadline = std::min(deadline, std::chrono::steady_clock::now() + timeout);
  return out;
}

std::chrono::milliseconds Context::Remaining(std::chrono::milliseconds cap) const {
  if (deadline == MonotonicTime::max()) return cap;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  return std::clamp(left, std::chrono::milliseconds(0), cap);
}

}  // namespace coditect
