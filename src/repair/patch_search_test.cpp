// The search: order, budget, feedback, and what every candidate keeps.
#include "src/repair/patch_search.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstdlib>

#include "src/repair/pair_search.h"
#include "src/repair/patch_text.h"

namespace coditect::repair {
namespace {

constexpr char kCode[] =
    "import math\n"
    "LIMIT = 10\n"
    "class Box:\n"
    "    def __init__(self, items):\n"
    "        self.items = items\n"
    "        self.count = 0\n"
    "    def grow(self, by=1):\n"
    "        for item in self.items:\n"
    "            if item > by and item < LIMIT:\n"
    "                self.count += 1\n"
    "            elif item == 0: continue\n"
    "        return self.count\n"
    "def total(xs, start):\n"
    "    s = start\n"
    "    for i in range(len(xs)):\n"
    "        s += xs[i] * 2\n"
    "    if s < 0:\n"
    "        return 'low'\n"
    "    return [x for x in xs if x % 2 == 1] + [s]\n";

PatchSearchOptions Options(Space space, std::string text = kCode) {
  PatchSearchOptions options;
  options.files = {{"box.py", std::move(text)}};
  for (uint32_t line = 1; line < 20; ++line) {
    options.lines.push_back({.file = "box.py", .line = line, .score = 1.0 / (1 + line % 5)});
  }
  options.observed = {{"box.py", "total", "s", {"int"}}, {"box.py", "total", "xs", {"list"}}};
  options.tests = {{"test_box.py", "def test_a():\n    assert total([3], 1) == 'ok'\n"}};
  options.failing = {{.id = "test_box.py::test_a", .file = "test_box.py"}};
  options.space = space;
  return options;
}

/// Runs the search to its end; `judge` gives the verdicts.
template <class Judge>
std::vector<std::string> Drive(PatchSearch& search, size_t batch, Judge judge,
                               size_t most = 100'000) {
  std::vector<std::string> order;
  while (order.size() < most) {
    auto candidates = search.NextBatch(batch);
    if (candidates.empty()) break;
    std::vector<JudgedCandidate> verdicts;
    for (const Candidate& candidate : candidates) {
      std::string text;
      for (const SourceEdit& edit : candidate.edits) {
        text += StrCat(edit.file, ":", edit.start, "-", edit.end, "=", edit.replacement, ";");
      }
      order.push_back(text);
      JudgedCandidate verdict = judge(candidate);
      verdict.number = candidate.number;
      verdicts.push_back(verdict);
    }
    search.Report(verdicts);
  }
  return order;
}

JudgedCandidate Fails(const Candidate&) {
  return {.verdict = CandidateVerdict::kFails, .tests = 1};
}

/// Some fail later than others, so that the order adapts.
JudgedCandidate Mixed(const Candidate& candidate) {
  return {.verdict = CandidateVerdict::kFails,
          .tests = 2,
          .passed = candidate.number % 7 == 0 ? 1u : 0u};
}

std::unique_ptr<PatchSearch> Make(PatchSearchOptions options) {
  auto search = PatchSearch::Create(std::move(options));
  REQUIRE(search.ok());
  return std::move(search).value();
}

}  // namespace

TEST_CASE("TheOrderDependsOnSeedAndVerdictsOnly") {
  for (Space space : {Space::kEdits, Space::kSynthesis, Space::kPairs}) {
    auto run = [&](uint64_t seed, size_t batch) {
      auto options = Options(space);
      options.seed = seed;
      return Drive(*Make(std::move(options)), batch, Mixed, 1700);
    };
    auto first = run(1, 64);
    CHECK_GT(first.size(), 300);
    CHECK(first == run(1, 64));
    auto other_batches = run(1, 7);
    other_batches.resize(std::min(first.size(), other_batches.size()));
    first.resize(other_batches.size());
    CHECK(first == other_batches);
    CHECK(first != run(2, 64));
  }
}

TEST_CASE("NoCandidateComesTwiceAndNoneIsTheBase") {
  for (Space space : {Space::kEdits, Space::kSynthesis, Space::kPairs}) {
    auto search = Make(Options(space));
    std::set<std::string> texts = {kCode};
    Drive(
        *search, 100,
        [&](const Candidate& candidate) {
          std::vector<Splice> splices;
          for (const SourceEdit& edit : candidate.edits)
            splices.push_back({edit.start, edit.end, edit.replacement});
          CHECK(texts.insert(Apply(kCode, splices)).second);
          return Fails(candidate);
        },
        4000);
    CHECK_GT(texts.size(), 300);
  }
}

TEST_CASE("EveryCandidateLiesInItsFileDoesNotOverlapAndParses") {
  // Programs put together from pieces, so that statements of all kinds meet.
  const std::vector<std::string> pieces = {
      "x = a[b] + c(d, e=1)\n",
      "if x < 1 and not a:\n    x -= 1\nelse:\n    return x\n",
      "for i in range(10):\n    if i: continue\n    x.append(i)\n",
      "while a:\n    a = a[1:]\n",
      "return [q for q in a if q > 'z']\n",
      "try:\n    y = x.z\nexcept E:\n    raise\n",
      "with a as b: pass\n",
      "assert a == (1, 2.5), 'no'\n",
      "yield a\n",
      "s = 'a' if x else \"b\"; t = {1: x}\n",
      "def g(u, v=2): return u\n",
      "x = lambda w: w or None\n",
      "\"\"\"text\n  more\"\"\"\n",
      "# only a comment\nx = (a +\n     b)\n"};
  setenv("RC_PARAMS", "max_success=40", 0);
  CHECK(rc::check("candidates are sound", [&] {
    auto chosen =
        *rc::gen::container<std::vector<size_t>>(5, rc::gen::inRange<size_t>(0, pieces.size()));
    std::string text = "def f(a, b, c, d, x):\n";
    for (size_t piece : chosen) {
      for (const std::string& line : Split(pieces[piece], '\n')) {
        if (!line.empty()) text += StrCat("    ", line, "\n");
      }
    }
    text += "    pass\n";
    auto space = *rc::gen::element(Space::kEdits, Space::kSynthesis, Space::kPairs);
    auto options = Options(space, text);
    options.seed = *rc::gen::arbitrary<uint8_t>();
    options.candidates_max = 160;
    auto search = Make(std::move(options));
    analysis::Parser parser(*analysis::FindLanguage("python"));
    RC_ASSERT(parser.Accepts(text));
    Drive(*search, 100, [&](const Candidate& candidate) {
      std::vector<Splice> splices;
      uint32_t at = 0;
      for (const SourceEdit& edit : candidate.edits) {
        RC_ASSERT(edit.file == "box.py");
        RC_ASSERT(edit.start >= at);
        RC_ASSERT(edit.end >= edit.start);
        RC_ASSERT(edit.end <= text.size());
        at = edit.end;
        splices.push_back({edit.start, edit.end, edit.replacement});
      }
      if (candidate.number % 5 != 0) return Fails(candidate);  // whole texts are slow to parse
      std::string after = Apply(text, splices);
      if (!parser.Accepts(after))
        RC_LOG() << search->Description(candidate.number) << "\n" << after;
      RC_ASSERT(parser.Accepts(after));
      return Fails(candidate);
    });
  }));
}

TEST_CASE("TheBudgetIsCountedInTests") {
  auto options = Options(Space::kEdits);
  options.tests_max = 100;
  auto search = Make(std::move(options));
  Drive(*search, 10, [](const Candidate&) {
    return JudgedCandidate{.verdict = CandidateVerdict::kFails, .tests = 3};
  });
  CHECK(search->Exhausted());
  CHECK_EQ(search->tests_used(),
           102);  // the candidate that crosses the line is the last that counts
  CHECK(search->NextBatch(10).empty());
}

TEST_CASE("APatchBeyondTheBudgetDoesNotCount") {
  auto options = Options(Space::kEdits);
  options.tests_max = 5;
  auto search = Make(std::move(options));
  auto batch = search->NextBatch(10);
  std::vector<JudgedCandidate> verdicts;
  for (const Candidate& candidate : batch) {
    bool late = candidate.number == 8;
    verdicts.push_back(
        {candidate.number, late ? CandidateVerdict::kSurvives : CandidateVerdict::kFails, 1});
  }
  search->Report(verdicts);
  CHECK(search->Exhausted());
  CHECK(search->Plausible().empty());
}

TEST_CASE("TheSearchLooksAroundAfterAPatchAndGoesOnWhenItIsWithdrawn") {
  auto search = Make(Options(Space::kEdits));
  auto judge = [](const Candidate& candidate) {
    return JudgedCandidate{.verdict = candidate.number == 20 || candidate.number == 30
                                          ? CandidateVerdict::kSurvives
                                          : CandidateVerdict::kFails,
                           .tests = 1};
  };
  auto seen = Drive(*search, 10, judge);
  CHECK(search->Exhausted());
  CHECK_LT(seen.size(), 400);
  auto patches = search->Plausible();
  REQUIRE_FALSE(patches.empty());
  for (const RankedPatch& patch : patches) search->Withdraw(patch.number);
  CHECK(search->Plausible().empty());
  CHECK_FALSE(search->Exhausted());
  CHECK_FALSE(search->NextBatch(10).empty());
}

TEST_CASE("VerdictsMayComeLateAndOutOfOrder") {
  auto search = Make(Options(Space::kEdits));
  auto first = search->NextBatch(100);
  auto second = search->NextBatch(500);
  CHECK_EQ(first.size() + second.size(), PatchSearch::kEpoch);
  CHECK(search->NextBatch(1).empty());  // an epoch's verdicts are missing
  CHECK_FALSE(search->Exhausted());
  for (auto* batch : {&second, &first}) {
    std::vector<JudgedCandidate> verdicts;
    for (const Candidate& candidate : *batch)
      verdicts.push_back({candidate.number, CandidateVerdict::kFails, 1});
    search->Report(verdicts);
  }
  CHECK_EQ(search->NextBatch(1).size(), 1);
}

TEST_CASE("StarvedCandidatesAreOfferedOnceMostPassedFirst") {
  auto search = Make(Options(Space::kEdits));
  auto batch = search->NextBatch(10);
  std::vector<JudgedCandidate> verdicts;
  for (const Candidate& candidate : batch) {
    verdicts.push_back({.number = candidate.number,
                        .verdict = CandidateVerdict::kFails,
                        .tests = 1,
                        .out_of_fuel = candidate.number % 3 == 0,
                        .passed = static_cast<uint32_t>(candidate.number)});
  }
  search->Report(verdicts);
  auto starved = search->Starved(2);
  REQUIRE_EQ(starved.size(), 2);
  CHECK_EQ(starved[0].number, 9);
  CHECK_EQ(starved[1].number, 6);
  CHECK_EQ(search->Starved(5).size(), 1);
  search->Report(std::vector<JudgedCandidate>{
      {.number = 6, .verdict = CandidateVerdict::kSurvives, .tests = 4}});
  REQUIRE_EQ(search->Plausible().size(), 1);
  CHECK_EQ(search->Plausible()[0].number, 6);
}

TEST_CASE("APartialSuccessRaisesItsLine") {
  auto count = [](bool feedback) {
    auto search = Make(Options(Space::kEdits));
    size_t near = 0, seen = 0;
    uint32_t line_start = static_cast<uint32_t>(std::string_view(kCode).find("        s += xs"));
    Drive(
        *search, 64,
        [&](const Candidate& candidate) {
          bool there =
              candidate.edits[0].start >= line_start && candidate.edits[0].start < line_start + 24;
          if (++seen > PatchSearch::kEpoch) near += there;  // of the next few
          return JudgedCandidate{.verdict = CandidateVerdict::kFails,
                                 .tests = 1,
                                 .passed = feedback && there ? 1u : 0u};
        },
        PatchSearch::kEpoch + 32);
    return near;
  };
  CHECK_GT(count(true), count(false));
}

TEST_CASE("PairsAreSeededByPartialSuccesses") {
  auto search = Make(Options(Space::kPairs));
  size_t singles = 0, pairs = 0, with_seed = 0;
  std::string seed;
  Drive(
      *search, 128,
      [&](const Candidate& candidate) {
        std::string op = search->OperatorOf(candidate.number);
        bool pair = op.find(" + ") != std::string::npos;
        ++(pair ? pairs : singles);
        if (candidate.number == 5) seed = search->Description(candidate.number);
        if (pair && pairs <= 50)
          with_seed += search->Description(candidate.number).find(seed) != std::string::npos;
        return JudgedCandidate{.verdict = CandidateVerdict::kFails,
                               .tests = 1,
                               .passed = candidate.number == 5 ? 1u : 0u};
      },
      PairSearch::kProbesMax + 256);
  CHECK_EQ(singles, PairSearch::kProbesMax);
  CHECK_GT(pairs, 200);
  CHECK_GE(with_seed, 20);
}

TEST_CASE("APatchIsDescribedInOneSentenceAndShownAsADiff") {
  auto options =
      Options(Space::kEdits, "def add(a, b):\n    if a < b:\n        return a\n    return b\n");
  options.lines = {{.file = "box.py", .line = 2, .score = 1}};
  auto search = Make(std::move(options));
  bool seen = false;
  Drive(*search, 64, [&](const Candidate& candidate) {
    if (candidate.edits[0].replacement == "<=") {
      seen = true;
      CHECK_EQ(search->Description(candidate.number),
               "replace `<` by `<=` (comparison) at box.py:2 in add");
      CHECK_EQ(search->Diff(candidate.number),
               "--- a/box.py\n+++ b/box.py\n@@ -1,4 +1,4 @@\n def add(a, b):\n-    if a < b:\n+    "
               "if a <= b:\n"
               "         return a\n     return b\n");
      CHECK_EQ(search->OperatorOf(candidate.number), "compare.operator");
      auto files = search->PatchedFiles(candidate.number);
      CHECK_EQ(files.at("box.py"),
               "def add(a, b):\n    if a <= b:\n        return a\n    return b\n");
    }
    return Fails(candidate);
  });
  CHECK(seen);
  CHECK_EQ(search->Description(0), "");
  CHECK_EQ(search->Diff(1'000'000), "");
  CHECK(search->PatchedFiles(0).empty());
}

TEST_CASE("WithoutASuspiciousStatementThereIsNoSearch") {
  auto options = Options(Space::kEdits);
  options.lines = {{.file = "other.py", .line = 1, .score = 1}};
  CHECK(absl::IsInvalidArgument(PatchSearch::Create(std::move(options)).status()));
}

TEST_CASE("BigFilesStayBounded") {
  std::string text;
  for (int i = 0; i < 600; ++i) text += StrCat("def f", i, "(a, b):\n    return a + b * ", i, "\n");
  auto options = Options(Space::kSynthesis, text);
  options.lines.clear();
  for (uint32_t line = 1; line <= 1200; ++line) options.lines.push_back({"box.py", line, 1.0});
  options.candidates_max = 500;
  auto search = Make(std::move(options));
  CHECK_EQ(Drive(*search, 100, Fails).size(), 500);
}

TEST_CASE("DiffsOfDistantEditsAreSeparateHunks") {
  std::string before, after;
  for (int i = 1; i <= 30; ++i) {
    before += StrCat("line ", i, "\n");
    after += i == 3 || i == 25 ? StrCat("new ", i, "\n") : StrCat("line ", i, "\n");
  }
  std::string diff = UnifiedDiff("x", before, after);
  CHECK_NE(diff.find("@@ -1,6 +1,6 @@"), std::string::npos);
  CHECK_NE(diff.find("@@ -22,7 +22,7 @@"), std::string::npos);
  CHECK_EQ(UnifiedDiff("x", before, before), "");
}

}  // namespace coditect::repair
