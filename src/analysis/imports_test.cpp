// Imports resolve to the repository's files.
#include "src/analysis/imports.h"

#include <doctest/doctest.h>

#include "src/analysis/languages/languages.h"

namespace coditect::analysis {
namespace {

std::vector<Import> Read(std::string text) {
  auto tree = Parser(Python()).Parse(std::move(text));
  REQUIRE(tree.ok());
  return Imports(*tree);
}

using Files = std::vector<std::string>;

}  // namespace

TEST_CASE("ImportsAreReadWithLevelsAndAliases") {
  auto imports = Read("import a.b as c, d\nfrom ..x.y import z as w, v\nfrom . import u\n");
  REQUIRE_EQ(imports.size(), 4);
  CHECK_EQ(imports[0].module, "a.b");
  CHECK_EQ(imports[1].module, "d");
  CHECK_EQ(imports[2].module, "x.y");
  CHECK_EQ(imports[2].level, 2);
  CHECK_EQ(imports[2].names, Files{"z", "v"});
  CHECK_EQ(imports[3].level, 1);
  CHECK_EQ(imports[3].module, "");
}

TEST_CASE("ModulesResolveInFlatAndSrcLayouts") {
  ModuleIndex index({"src/pkg/__init__.py", "src/pkg/core.py", "src/pkg/sub/__init__.py",
                     "src/pkg/sub/deep.py", "tests/test_core.py", "tool.py", "tests/helper.py"});
  auto resolve = [&](const std::string& from, std::string text) {
    return index.Resolve(from, Read(std::move(text)).at(0));
  };
  CHECK_EQ(resolve("tests/test_core.py", "import pkg.core"),
           Files{"src/pkg/__init__.py", "src/pkg/core.py"});
  CHECK_EQ(resolve("tests/test_core.py", "from pkg import core"),
           Files{"src/pkg/__init__.py", "src/pkg/core.py"});
  CHECK_EQ(resolve("tests/test_core.py", "from pkg.sub.deep import f"),
           Files{"src/pkg/__init__.py", "src/pkg/sub/__init__.py", "src/pkg/sub/deep.py"});
  CHECK_EQ(resolve("src/pkg/core.py", "from .sub import deep"),
           Files{"src/pkg/sub/__init__.py", "src/pkg/sub/deep.py"});
  CHECK_EQ(resolve("src/pkg/sub/deep.py", "from .. import core"),
           Files{"src/pkg/__init__.py", "src/pkg/core.py"});
  CHECK_EQ(resolve("tests/test_core.py", "import helper"), Files{"tests/helper.py"});
  CHECK_EQ(resolve("tests/test_core.py", "import tool"), Files{"tool.py"});
  CHECK(resolve("tests/test_core.py", "import json").empty());
  CHECK(resolve("tests/test_core.py", "import core").empty());  // inside a package
}

TEST_CASE("IncludesResolveToHeadersAndTheirSources") {
  auto tree = Parser(Cpp()).Parse(
      "#include <vector>\n#include \"lib/stack.h\"\n#include \"../queue.hpp\"\n#include MACRO\n");
  REQUIRE(tree.ok());
  auto imports = Imports(*tree);
  REQUIRE_EQ(imports.size(), 3);
  CHECK_EQ(imports[1].module, "lib/stack.h");
  CHECK_EQ(imports[1].line, 2);
  ModuleIndex index({"include/lib/stack.h", "src/lib/stack.cpp", "old/stack.h", "queue.hpp",
                     "tests/stack_test.cpp", "tests/queue.hpp.in", "vector.py"});
  CHECK(index.Resolve("tests/stack_test.cpp", imports[0]).empty());  // of the system
  CHECK_EQ(index.Resolve("tests/stack_test.cpp", imports[1]),
           Files{"include/lib/stack.h", "src/lib/stack.cpp"});
  CHECK_EQ(index.Resolve("src/lib/stack.cpp", imports[1]), Files{"include/lib/stack.h"});
  CHECK_EQ(index.Resolve("tests/stack_test.cpp", imports[2]), Files{"queue.hpp"});
}

TEST_CASE("ReachableFollowsTheGraphThroughCycles") {
  DependencyGraph graph = {{"a", {"b"}}, {"b", {"c", "a"}}, {"d", {"a"}}};
  CHECK_EQ(Reachable(graph, "a"), std::set<std::string>{"a", "b", "c"});
}

}  // namespace coditect::analysis
