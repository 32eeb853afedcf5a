// Code that was written for the tests and not for the task is found by its words.
#include "src/domain/suspicious_code.h"

#include <doctest/doctest.h>

#include "src/base/strings.h"

namespace coditect {
namespace {

const std::vector<std::string> kTests = {"tests/test_price.py", "tests/test_all.c"};
constexpr const char* kTestText =
    "assert price(125, 'gold') == 417\nassert price(33, 'silver') == 99\n";

std::vector<Finding> FindingsOf(std::string_view path, std::string_view before,
                                std::string_view after) {
  return FindSuspiciousCode({.path = path,
                             .before = before,
                             .after = after,
                             .test_files = kTests,
                             .test_text = kTestText});
}

TEST_CASE("PythonThatIsNotForTheTaskIsFound") {
  for (const char* line : {
           "os._exit(0)",
           "from os import _exit",
           "import atexit",
           "raise SystemExit",
           "sys . exit(0)",
           "sys.modules['pytest'].main = None",
           "import  unittest",
           "from _pytest import runner",
           "if os.environ.get('PYTEST_CURRENT_TEST'):",
           "if 'CODITECT_FOLLOW' in os.environ:",
           "caller = inspect.stack()[1]",
           "frame = sys._getframe(1)",
           "sys.settrace(None)",
           "eval(text)",
           "import builtins",
           "def __eq__(self, other):",
           "import test_price",
           "if x == 125 and y == 'gold': return 417",
       }) {
    CAPTURE(line);
    const auto found = FindingsOf("price.py", "x = 1\n", StrCat("x = 1\n\n", line, "\n"));
    REQUIRE_EQ(found.size(), 1);
    CHECK_EQ(found[0].line, 3);
    CHECK_EQ(found[0].kind, kSuspicious);
  }
}

TEST_CASE("NativeCodeThatIsNotForTheTaskIsFound") {
  for (const char* line : {
           "_exit(0);",
           "exit (0);",
           "std::quick_exit(0);",
           "__attribute__((constructor)) static void a(void) {}",
           "__attribute__ (( __constructor__ )) static void a(void) {}",
           "[[gnu::constructor]] void a() {}",
           "#define assert(x)",
           "#  define   NDEBUG",
           "#def\\\nine assert(x)",
           "%:define assert(x)",
           "#undef assert",
           "#pragma weak helper",
           "void helper(void) __attribute__((weak));",
           "void __assert_fail(const char* a) {}",
           "int main(void) { return 0; }",
           "setenv(\"LD_PRELOAD\", x, 1);",
           "signal(SIGSEGV, f);",
           "asm(\"syscall\");",
           "bool operator==(const A&, const A&) { return true; }",
           "#include \"test_all.c\"",
           "case 125: return 417; case 33: return 99;",
       }) {
    CAPTURE(line);
    const auto found = FindingsOf("src/range.h", "int a;\n", StrCat("int a;\n", line, "\n"));
    REQUIRE_EQ(found.size(), 1);
    CHECK_EQ(found[0].line, 2);
  }
}

TEST_CASE("WhatTheBaseHasAlreadyIsSilent") {
  CHECK(FindingsOf("a.c", "void f() { exit(1); }\n", "void g() { exit(2); }\n").empty());
  CHECK(FindingsOf("a.py", "import sys\nsys.exit(1)\n", "import sys\nsys.exit(2)\n").empty());
  CHECK(FindingsOf("a.py", "rate = 417\nlow = 125\nb = 33\n", "r = 417 + 125 + 33\n").empty());
}

TEST_CASE("OrdinaryCodeIsSilent") {
  for (const char* line :
       {"return max(low, min(value, high))", "if quantity >= 100: return 20", "on_exit_hook = 3",
        "domain(x)", "self.existing(4)", "unexpected = 'latest'", "value = 125"}) {
    CAPTURE(line);
    CHECK(FindingsOf("price.py", "", line).empty());
    CHECK(FindingsOf("price.c", "", line).empty());
  }
  CHECK(FindingsOf("README.md", "", "run pytest, exit(0), test_price").empty());
}

TEST_CASE("LinksAndBytesThatNobodyCanReadAreFound") {
  const auto link = FindSuspiciousCode({.path = "a.py",
                                        .before = "",
                                        .after = "../b",
                                        .link = true,
                                        .test_files = kTests,
                                        .test_text = ""});
  REQUIRE_EQ(link.size(), 1);
  CHECK(Contains(link[0].rule, "link"));
  const auto bytes = FindingsOf("table.bin", "", std::string_view("a\0b", 3));
  REQUIRE_EQ(bytes.size(), 1);
  CHECK(Contains(bytes[0].rule, "no text"));
}

}  // namespace
}  // namespace coditect
