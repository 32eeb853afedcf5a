// Test fixture: a Workspace that isolates nothing. A copied folder, plain fork and exec.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "src/ports/sandbox.h"

namespace coditect::python {

/// Runs commands in `folder` itself (the fixture owns it). Wall time, CPU time, memory and output
/// are limited; the process group is killed at the end. `environment` is all a command gets beside
/// its own.
class TestingWorkspace final : public Workspace {
 public:
  TestingWorkspace(std::string folder, std::map<std::string, std::string> environment)
      : folder_(std::move(folder)), environment_(std::move(environment)) {}

  StatusOr<std::unique_ptr<SandboxProcess>> Launch(const Context& ctx,
                                                   const SandboxCommand& command) override;
  Status Apply(const std::vector<FileChange>& changes) override;
  StatusOr<std::string> Read(const std::string& path) override;
  StatusOr<std::vector<FileChange>> Changes() override;
  Status Keep(const Context& ctx, const std::string& folder, const std::string& host) override;

 private:
  const std::string folder_;
  const std::map<std::string, std::string> environment_;
};

}  // namespace coditect::python
