// demo: a throw-away repository with two independent bugs, repaired by the team.
#include "src/app/bootstrap.h"
#include "src/app/commands/commands.h"
#include "src/app/exit_code.h"
#include "src/base/file.h"

extern "C" {
extern const char coditect_demo_prices[];
extern const unsigned coditect_demo_prices_size;
extern const char coditect_demo_stock[];
extern const unsigned coditect_demo_stock_size;
extern const char coditect_demo_test_prices[];
extern const unsigned coditect_demo_test_prices_size;
extern const char coditect_demo_test_stock[];
extern const unsigned coditect_demo_test_stock_size;
}

namespace coditect {
namespace {

/// Writes the demo's repository anew below the state folder, where its result can be looked at
/// until the next demo.
StatusOr<std::string> MakeRepository(const Context& ctx, const StatePaths& paths) {
  RETURN_IF_ERROR(MakeStateFolders(paths));
  const std::string folder = paths.state + "/demo";
  RETURN_IF_ERROR(RemoveTree(folder));
  RETURN_IF_ERROR(MakeDirs(folder + "/tests"));
  const auto write = [&](const char* name, std::string_view text) {
    return WriteFile(JoinPath(folder, name), text, 0644);
  };
  RETURN_IF_ERROR(write("prices.py", {coditect_demo_prices, coditect_demo_prices_size}));
  RETURN_IF_ERROR(write("stock.py", {coditect_demo_stock, coditect_demo_stock_size}));
  RETURN_IF_ERROR(write("tests/__init__.py", ""));
  RETURN_IF_ERROR(
      write("tests/test_prices.py", {coditect_demo_test_prices, coditect_demo_test_prices_size}));
  RETURN_IF_ERROR(
      write("tests/test_stock.py", {coditect_demo_test_stock, coditect_demo_test_stock_size}));
  RETURN_IF_ERROR(InitialiseRepository(ctx, folder, "A little shop with two bugs"));
  return folder;
}

}  // namespace

int DemoCommand(const GlobalOptions& global) {
  const auto paths = FindStatePaths(ProcessEnvironment());
  if (!paths.ok()) return Fail(paths.status());
  const auto folder = MakeRepository(Context(), *paths);
  if (!folder.ok()) return Fail(folder.status());
  GlobalOptions there = global;
  there.folder = *folder;
  RunOptions options;
  options.goal = "make the tests pass";
  return RunCommand(there, options);
}

}  // namespace coditect
