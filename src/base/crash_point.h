// Named crash points: the proof that any moment may be the last one.
//
// A point is named `<event type>#<task ordinal>#<occurrence>` or `effect#<kind>#<occurrence>`.
// CODITECT_CRASH_AT=NAME:before|after|torn ends the process there as `kill -9` would;
// CODITECT_CRASH_LOG=FILE appends the name of every point that is passed.
#pragma once

#include <string>
#include <string_view>

namespace coditect {

enum class CrashMoment { kNone, kBefore, kAfter, kTorn };

/// Counts the occurrence of `name_prefix` (for example "effect#ref"), records the full name, and
/// says which moment of this very point the environment asks to crash at. The caller does the
/// torn work itself and then calls CrashNow. Thread-safe; nearly free when neither variable is set.
CrashMoment PassCrashPoint(std::string_view name_prefix);

/// True when either variable is set, so that building a point's name is worth its cost.
bool CrashPointsActive();

/// Asks the next durable append of this thread to be cut in the middle; the adapter that can do so
/// asks TakeTornWrite, does its damage and ends the process.
void RequestTornWrite();
bool TakeTornWrite();

/// Ends the process at once: no destructors, no exit handlers, no flush.
[[noreturn]] void CrashNow();

/// Crashes before or after `effect` when this point is the one asked for; torn crashes like before.
template <typename Effect>
auto WithCrashPoint(std::string_view name_prefix, Effect&& effect) {
  const CrashMoment moment = CrashPointsActive() ? PassCrashPoint(name_prefix) : CrashMoment::kNone;
  if (moment == CrashMoment::kBefore || moment == CrashMoment::kTorn) CrashNow();
  auto result = effect();
  if (moment == CrashMoment::kAfter) CrashNow();
  return result;
}

}  // namespace coditect
