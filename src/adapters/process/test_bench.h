// What the sandbox's tests share: a person's repository, a base tree and a sandbox, in a scratch
// folder below the home folder, and the way the tests are run again.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "src/adapters/process/sandbox.h"
#include "src/base/context.h"
#include "src/ports/sandbox.h"

namespace coditect::process {

/// A folder below HOME (or `parent`) that is removed at the end.
class ScratchFolder {
 public:
  explicit ScratchFolder(const std::string& parent = "");
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Writes a file and the folders above it.
void Put(const std::string& path, const std::string& text, unsigned mode = 0644);

/// The options tests create sandboxes with: workspaces of the kind this run of the tests is about.
Options TestOptions(const std::string& state_folder);

/// <scratch>/repo is the person's tree, <scratch>/base the base, <scratch>/state the state folder.
class Bench {
 public:
  Bench() : Bench(std::string("repo")) {}
  /// `repo`: the repository's path, relative to the scratch folder, or absolute.
  explicit Bench(const std::string& repo);

  /// The workspace's options; tests change them before Open().
  WorkspaceOptions options;
  Options sandbox_options;

  void Start();  // creates the sandbox; done by Open() where it was not
  void Open();   // opens the workspace; Run() does where it was not
  void Close() { workspace_.reset(); }

  SandboxResult Run(const SandboxCommand& command);
  SandboxResult Run(std::vector<std::string> argv, SandboxLimits limits = {});
  /// The output of a shell script that must end by 0.
  std::string Shell(const std::string& script);
  std::unique_ptr<SandboxProcess> Launch(const SandboxCommand& command);
  /// The change set as lines: "-path", "+path[*] <content>", "@path -> target"; * = executable.
  std::vector<std::string> Changes();

  coditect::Sandbox& sandbox() { return *sandbox_; }
  Workspace& workspace() { return *workspace_; }
  const std::string& repo() const { return options.repo_path; }
  const std::string& base() const { return options.base; }
  std::string scratch() const { return scratch_.path(); }
  std::string state() const { return sandbox_options.state_folder; }

 private:
  ScratchFolder scratch_;
  std::unique_ptr<coditect::Sandbox> sandbox_;
  std::unique_ptr<Workspace> workspace_;
};

/// A context that ends the test rather than hang.
Context TestContext(int seconds = 60);

/// True when this run of the tests is about private copies.
bool CopyModeIsTested();

/// One more run of this test program.
struct TestRun {
  unsigned uid = 0;  // 0 = the present user
  std::string home;
  bool copy_mode = false;
};

/// Starts this test program again with some of its suites (comma-separated); it prints to the file
/// `output`. Returns its pid.
pid_t StartTestsAgain(const std::string& suites, const TestRun& run, const std::string& output);

}  // namespace coditect::process
