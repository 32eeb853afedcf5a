// What is believed about a repository and its agents (sdd 2.2.1 World Model).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "src/domain/fault_report.h"

namespace coditect {

struct WorldModel {
  std::map<std::string, std::string> current_file_state;  // path -> git object id
  std::map<std::string, std::string> test_results;        // test id -> passed, failed, skipped
  std::map<std::string, std::string> agent_states;        // agent id -> lifecycle state
  std::vector<FileDependency> dependencies;
  std::map<std::string, std::string> error_context;  // test id -> message
  uint64_t sequence = 0;                             // of the ledger it is true at

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "current_file_state", self.current_file_state);
    visit(2, "test_results", self.test_results);
    visit(3, "agent_states", self.agent_states);
    visit(4, "dependencies", self.dependencies);
    visit(5, "error_context", self.error_context);
    visit(6, "sequence", self.sequence);
  }
};

}  // namespace coditect
