// Bodies that choose, and what a compiler says of them.
#include "src/adapters/native/alternatives.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "src/base/strings.h"

namespace coditect::native {
namespace {

constexpr const char* kText = "int f(int a) { return a + 1; }\nint g(int b) { return b; }\n";
constexpr const char* kPath = "src/f.c";

/// Replaces the first occurrence of `before`; `bodies` are the bodies of f and g that it touches.
Candidate Replacing(const std::string& before, const std::string& after) {
  const std::string text = kText;
  const auto start = static_cast<uint32_t>(text.find(before));
  const auto end = static_cast<uint32_t>(start + before.size());
  Candidate candidate;
  candidate.edits = {{kPath, start, end, after}};
  const auto open = static_cast<uint32_t>(text.rfind('{', start));
  const auto close = static_cast<uint32_t>(text.find('}', start) + 1);
  candidate.bodies = {{kPath, open, close}};
  return candidate;
}

uint32_t LineOf(const AlternativesFile& file, const std::string& text) {
  const std::string before = file.text.substr(0, file.text.find(text));
  return 1 + static_cast<uint32_t>(std::count(before.begin(), before.end(), '\n'));
}

TEST_CASE("EveryAlternativeIsABodyBesideTheBase") {
  const Candidate one = Replacing("a + 1", "a - 1");
  const Candidate two = Replacing("a + 1", "a + 2");
  const Candidate three = Replacing("return b", "return -b");
  const AlternativesFile file = WriteAlternatives(kPath, kText, {&one, &two, &three});
  for (const char* body : {"{ return a + 1; }", "{ return a - 1; }", "{ return a + 2; }",
                           "{ return b; }", "{ return -b; }"}) {
    CAPTURE(body);
    CHECK(Contains(file.text, body));
  }
  REQUIRE_EQ(file.lines.size(), 3);
  CHECK_EQ(file.lines[0].number, 1);
  CHECK_EQ(file.lines[0].first, LineOf(file, "a - 1"));
  CHECK_EQ(file.lines[2].first, LineOf(file, "-b"));
}

TEST_CASE("WhatIsLeftOutIsNotWritten") {
  const Candidate one = Replacing("a + 1", "a - 1");
  const AlternativesFile file = WriteAlternatives(kPath, kText, {nullptr, &one});
  REQUIRE_EQ(file.lines.size(), 1);
  CHECK_EQ(file.lines[0].number, 2);
  CHECK(Contains(WriteAlternatives(kPath, kText, {nullptr}).text, kText));
}

TEST_CASE("TheCompilersComplaintsNameTheAlternatives") {
  const Candidate one = Replacing("a + 1", "a - x");
  const Candidate two = Replacing("a + 1", "a * 1");
  const Candidate three = Replacing("a + 1", "y");
  const AlternativesFile file = WriteAlternatives(kPath, kText, {&one, &two, &three});
  const std::string output = StrCat(
      "/r/src/f.c:", LineOf(file, "a - x"), ":7: error: 'x' undeclared\n",
      "/r/src/f.c:", LineOf(file, "a * 1"), ":7: warning: pointless\n",
      "/r/src/f.c:", LineOf(file, "{ return y"), ":9:   required from here\n",
      "/r/src/f.c:1:1: error: elsewhere\n/r/src/g.c:", LineOf(file, "a * 1"), ":1: error: other\n");
  CHECK_EQ(FaultyAlternatives(output, kPath, file), std::set<uint32_t>{1, 3});
}

TEST_CASE("OnlyEditsInBodiesWithoutJumpsAreAlternatives") {
  const std::map<std::string, std::string> base = {{kPath, kText}};
  Candidate candidate = Replacing("a + 1", "a");
  CHECK(IsAlternative(candidate, base));
  candidate.bodies.push_back(candidate.bodies[0]);
  CHECK_FALSE(IsAlternative(candidate, base));  // they overlap
  candidate.bodies.clear();
  CHECK_FALSE(IsAlternative(candidate, base));
  candidate.bodies = {{kPath, 0, 5}};
  CHECK_FALSE(IsAlternative(candidate, base));  // no braces
  const std::map<std::string, std::string> jumps = {{kPath, "void f() { goto out; out: g(); }"}};
  candidate.bodies = {{kPath, 9, 32}};
  CHECK_FALSE(IsAlternative(candidate, jumps));
  candidate.bodies = {{kPath, 9, 9000}};
  CHECK_FALSE(IsAlternative(candidate, jumps));
}

}  // namespace
}  // namespace coditect::native
