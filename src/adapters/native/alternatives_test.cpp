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
  const AlternativesFile file =
      WriteAlternatives(kPath, kText, {&one, &two, &three}, {.whole = {1, 2, 3}});
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

TEST_CASE("AlternativesThatAreOptimizedHaveBodiesOfTheirOwn") {
  const Candidate one = Replacing("a + 1", "a - 1");
  const AlternativesFile quick = WriteAlternatives(kPath, kText, {&one});
  const AlternativesFile slow =
      WriteAlternatives(kPath, kText, {&one}, {.whole = {}, .optimized = true});
  REQUIRE_EQ(quick.lines.size(), 1);
  REQUIRE_EQ(slow.lines.size(), 1);
  CHECK(quick.lines[0].shared);
  CHECK_FALSE(slow.lines[0].shared);
  CHECK(Contains(quick.text, "optimize"));
  CHECK_FALSE(Contains(slow.text, "optimize"));
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
  const AlternativesFile file =
      WriteAlternatives(kPath, kText, {&one, &two, &three}, {.whole = {1, 2, 3}});
  const std::string output = StrCat(
      "/r/src/f.c:", LineOf(file, "a - x"), ":7: error: 'x' undeclared\n",
      "/r/src/f.c:", LineOf(file, "a * 1"), ":7: warning: pointless\n",
      "/r/src/f.c:", LineOf(file, "{ return y"), ":9:   required from here\n",
      "/r/src/f.c:1:1: error: elsewhere\n/r/src/g.c:", LineOf(file, "a * 1"), ":1: error: other\n");
  const FaultyAlternatives faulty = FindFaulty(output, kPath, file);
  CHECK_EQ(faulty.all, std::set<uint32_t>{1, 3});
  CHECK_EQ(faulty.hopeless, std::set<uint32_t>{1});  // the other may be about its place
}

TEST_CASE("OnlyEditsInBodiesThatCanChooseAreAlternatives") {
  const std::map<std::string, std::string> base = {{kPath, kText}};
  Candidate candidate = Replacing("a + 1", "a");
  CHECK(IsAlternative(candidate, base));
  candidate.bodies.push_back(candidate.bodies[0]);
  CHECK_FALSE(IsAlternative(candidate, base));  // they overlap
  candidate.bodies.clear();
  CHECK_FALSE(IsAlternative(candidate, base));
  candidate.bodies = {{kPath, 0, 5}};
  CHECK_FALSE(IsAlternative(candidate, base));  // no braces
  candidate.bodies = {{kPath, 9, 9000}};
  CHECK_FALSE(IsAlternative(candidate, base));
  for (const auto& [text, can] :
       std::map<std::string, bool>{{"void f() { goto out; out: g(); }", true},
                                   {"void f() { void *p = &&out; goto *p; out: g(); }", false},
                                   {"constexpr int f() { return 1; }", false},
                                   {"constexpr int k = 1; int f() { return k; }", true}}) {
    CAPTURE(text);
    candidate.bodies = {
        {kPath, static_cast<uint32_t>(text.find('{')), static_cast<uint32_t>(text.size())}};
    CHECK_EQ(IsAlternative(candidate, {{kPath, text}}), can);
  }
}

TEST_CASE("EachAlternativeHasItsOwnLabels") {
  const std::string text =
      "int f(int a) {\n  if (a) goto fail;\n  a = a ? fail : 1;  // fail: here\n"
      "fail:\n  return x::fail + a;\n}\n";
  Candidate candidate;
  const auto at = static_cast<uint32_t>(text.find("(a)"));
  candidate.edits = {{kPath, at, at + 3, "(!a)"}};
  candidate.bodies = {
      {kPath, static_cast<uint32_t>(text.find('{')), static_cast<uint32_t>(text.size() - 1)}};
  const std::string written = WriteAlternatives(kPath, text, {&candidate}, {.whole = {1}}).text;
  CHECK(Contains(written, "if (!a) goto fail_coditect_1;"));
  CHECK(Contains(written, "\nfail_coditect_1:\n  return x::fail + a;"));
  CHECK(Contains(written, "a ? fail : 1;"));
  CHECK(Contains(written, "if (a) goto fail;"));
}

TEST_CASE("AlternativesOfOneStatementShareTheBody") {
  const Candidate one = Replacing("a + 1", "a - 1");
  const Candidate two = Replacing("return b", "return -b");
  const AlternativesFile file = WriteAlternatives(kPath, kText, {&one, nullptr, &two});
  CHECK(Contains(file.text, "case 1: {\nreturn a - 1;\n} break;\ndefault: { return a + 1;\n} } }"));
  CHECK(Contains(file.text, "case 3: {\nreturn -b;\n} break;\ndefault: { return b;\n} } }"));
  REQUIRE_EQ(file.lines.size(), 2);
  CHECK(file.lines[0].shared);
  CHECK_EQ(file.lines[1].number, 3);
  const std::string output = StrCat("src/f.c:", LineOf(file, "return -b"), ":9: error: no\n");
  CHECK_EQ(FindFaulty(output, kPath, file).all, std::set<uint32_t>{3});
}

TEST_CASE("ChoicesNestAndLoopsKeepTheirBreaks") {
  const std::string text = "int f(int a) { while (a > 9) { if (a < 3) break; a -= 2; } return a; }";
  const auto candidate = [&](const std::string& before, const std::string& after) {
    Candidate one;
    const auto at = static_cast<uint32_t>(text.find(before));
    one.edits = {{kPath, at, at + static_cast<uint32_t>(before.size()), after}};
    one.bodies = {
        {kPath, static_cast<uint32_t>(text.find('{')), static_cast<uint32_t>(text.size())}};
    return one;
  };
  const Candidate condition = candidate("a < 3", "a <= 3");
  const Candidate statement = candidate("break;", "continue;");
  const Candidate loop = candidate("a > 9", "a >= 9");
  const std::string written = WriteAlternatives(kPath, text, {&condition, &statement, &loop}).text;
  CHECK(Contains(written, "if (coditect_chosen == 2) {\nif (a < 3) continue;\n} else { if ("));
  CHECK(Contains(written, "(coditect_chosen == 1 ? !!(\na <= 3\n) : !!(a < 3\n)))"));
  CHECK(Contains(written, "while ((coditect_chosen == 3 ? !!(\na >= 9\n) : !!(a > 9\n))) {"));
}

}  // namespace
}  // namespace coditect::native
