// Source files of the base commit as the offline brain reads them.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "src/agent/mission_resources.h"
#include "src/analysis/imports.h"
#include "src/domain/fault_report.h"
#include "src/domain/test_report.h"
#include "src/repair/source_model.h"

namespace coditect {

/// The texts of `paths`, those that exist, have a language table and are not too large.
StatusOr<std::vector<repair::SourceText>> ReadSources(const Lease& lease,
                                                      const std::set<std::string>& paths);

/// Files of the baseline's tests: never edited.
std::set<std::string> TestFiles(const Baseline& baseline);

/// Test files that hold `cases`, or a place where one of them failed.
std::set<std::string> FilesOfCases(const Baseline& baseline, const std::vector<TestCase>& cases);

/// The baseline's cases named by `ids`, in that order.
std::vector<TestCase> CasesOf(const Baseline& baseline, const std::vector<std::string>& ids);

/// The graph of a report's dependencies.
analysis::DependencyGraph GraphOf(const std::vector<FileDependency>& dependencies);

/// A file that cannot be collected stands among the goal's ids as itself.
bool IsCollectionId(const Baseline& baseline, const std::string& id);

}  // namespace coditect
