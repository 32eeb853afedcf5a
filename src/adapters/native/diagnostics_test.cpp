// What compilers print, read.
#include "src/adapters/native/diagnostics.h"

#include <doctest/doctest.h>

#include <random>

#include "src/adapters/native/repair_build.h"

namespace coditect::native {
namespace {

std::vector<Diagnostic> Parse(std::string_view output) {
  const SourceReader read = [](const std::string& path) -> std::string {
    return path == "src/a.cpp" ? "int f() {\n  return lenght;\n}\n" : "";
  };
  return ParseDiagnostics(output, "/repo/build", "/repo", read);
}

TEST_CASE("PathsAreRelativeToTheRepositoryAndNotesBelongToTheirError") {
  const auto found = Parse(
      "In file included from ../src/a.cpp:1:\n"
      "../src/a.cpp:2:10: error: 'lenght' was not declared in this scope; did you mean 'length'?\n"
      "    2 |   return lenght;\n"
      "/usr/include/x.h:3:4: note: 'length' declared here\n"
      "../src/a.cpp:9: warning: unused\n");
  REQUIRE(found.size() == 2);
  CHECK(found[0].error);
  CHECK(found[0].file == "src/a.cpp");
  CHECK(found[0].line == 2);
  CHECK(found[0].column == 10);
  REQUIRE(found[0].notes.size() == 1);
  CHECK(found[0].notes[0].file == "/usr/include/x.h");
  CHECK(found[1].line == 9);
  CHECK_FALSE(found[1].error);
}

TEST_CASE("FixItsBecomeEditsOfTheFile") {
  const auto found = Parse(
      "../src/a.cpp:2:10: error: 'lenght' was not declared\n"
      "fix-it:\"../src/a.cpp\":{2:10-2:16}:\"length\"\n"
      "../src/a.cpp:1:1: note: 'std::cout' is defined in header '<iostream>'\n"
      "fix-it:\"../src/a.cpp\":{1:1-1:1}:\"#include <iostream>\\n\"\n"
      "fix-it:\"../src/a.cpp\":{9:1-9:1}:\"there is no such line\"\n");
  REQUIRE(found.size() == 1);
  REQUIRE(found[0].fixes.size() == 1);  // the second remedy has a part that lies nowhere
  CHECK(found[0].fixes[0] == std::vector<SourceEdit>{{"src/a.cpp", 19, 25, "length"}});
}

TEST_CASE("TheLinkersErrorsNameTheSymbol") {
  const auto found = Parse(
      "/usr/bin/ld: a.o: in function `main':\n"
      "/repo/src/a.cpp:7: undefined reference to `geo::area(int)'\n"
      "/usr/bin/ld: b.o:b.c:(.text+0x0): multiple definition of `f'; a.o:a.c:(.text+0x0): first "
      "defined here\n"
      "collect2: error: ld returned 1 exit status\n");
  REQUIRE(found.size() == 2);
  CHECK(found[0].file == "src/a.cpp");
  CHECK(found[0].line == 7);
  CHECK(found[0].message == "undefined reference to 'geo::area(int)'");
  CHECK(found[1].message == "multiple definition of 'f'");
}

TEST_CASE("AnErrorInAForeignHeaderIsWhereItWasNeeded") {
  const auto found = Parse(
      "/usr/include/c++/12/bits/x.h: In instantiation of 'void g(T)':\n"
      "../src/a.cpp:2:3:   required from here\n"
      "/usr/include/c++/12/bits/x.h:70:5: error: no match for call\n");
  REQUIRE(found.size() == 1);
  CHECK(found[0].file == "src/a.cpp");
  CHECK(found[0].line == 2);
}

TEST_CASE("RepetitionsAreMerged") {
  std::vector<Diagnostic> all = Parse("../src/a.cpp:2:10: error: no\n");
  MergeDiagnostics(Parse("../src/a.cpp:2:10: error: no\n../src/a.cpp:2:11: error: no\n"), &all);
  CHECK(all.size() == 2);
}

TEST_CASE("AnyTextIsRead") {
  const std::string pieces[] = {"fix-it:",
                                "\"",
                                "{1:1-",
                                "2:3}",
                                ":",
                                "\\",
                                "../src/a.cpp",
                                "error: ",
                                "12",
                                "\n",
                                "'",
                                "`",
                                "undefined reference to ",
                                "99999999999",
                                " note: ",
                                "\xff",
                                std::string(1, '\0')};
  std::mt19937 random(20);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int i = 0; i < 40; ++i) text += pieces[random() % std::size(pieces)];
    for (const Diagnostic& one : Parse(text)) {
      for (const auto& fix : one.fixes) {
        for (const SourceEdit& edit : fix) CHECK(edit.start <= edit.end);
      }
    }
  }
}

TEST_CASE("WhatABuildReadIsToldByTheRulesItLeft") {
  std::vector<std::string> doubtful;
  const auto found = FilesRead("m.o: src/m.c src/../inc/a.h \\\n /repo/inc/b.h ../../lib/c.h d.h\n",
                               {"inc/a.h", "inc/b.h", "lib/c.h", "sub/d.h", "src/n.c"},
                               {"", "b/plain"}, "/repo", &doubtful);
  CHECK(found == std::vector<std::string>{"inc/a.h", "inc/b.h", "lib/c.h"});
  CHECK(doubtful == std::vector<std::string>{"sub/d.h"});
}

}  // namespace
}  // namespace coditect::native
