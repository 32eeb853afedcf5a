// A plan for people and for the programs that draw graphs.
#pragma once

#include <string>
#include <vector>

#include "src/domain/task.h"

namespace coditect {

/// One plan of a run. `index`: the ledger event that made it current; another plan has another.
struct PlanSummary {
  uint32_t version = 0;
  uint64_t index = 0;
  std::vector<TaskSpec> tasks;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "version", self.version);
    visit(2, "index", self.index);
    visit(3, "tasks", self.tasks);
  }
};

/// What a task waits for: " <- t-4?, t-5*"; "?" of the winner of a group, "*" of the end however
/// it ends.
std::string WaitsText(const TaskSpec& task);

/// One line a task: id, role, what it does, what it waits for, and below it what is expected of it
/// and how likely it is believed to succeed.
std::vector<std::string> PlanTaskLines(const PlanSummary& plan);

/// The task graph in the language of Mermaid ("flowchart") and of Graphviz ("digraph").
std::string PlanMermaid(const PlanSummary& plan);
std::string PlanDot(const PlanSummary& plan);

}  // namespace coditect
