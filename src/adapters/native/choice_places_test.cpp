// Where a body can choose among texts.
#include "src/adapters/native/choice_places.h"

#include <doctest/doctest.h>

#include <map>

namespace coditect::native {
namespace {

/// The place that holds the first "@" of the body, which is taken out.
std::string PlaceIn(std::string body) {
  const auto at = static_cast<uint32_t>(body.find('@'));
  body.erase(at, 1);
  const auto place = FindChoicePlace(body, 0, static_cast<uint32_t>(body.size()), at, at + 1);
  if (!place) return "none";
  return (place->kind == ChoicePlace::Kind::kCondition ? "condition " : "statement ") +
         body.substr(place->start, place->end - place->start);
}

}  // namespace

TEST_CASE("ConditionsAndStatementsThatDeclareNothingArePlaces") {
  for (const auto& [body, place] : std::map<std::string, std::string>{
           {"{ if (a @< b) { x(); } }", "condition a < b"},
           {"{ while (p->next @!= 0 && f(x)) y(); }", "condition p->next != 0 && f(x)"},
           {"{ return a @+ 1; }", "statement return a + 1;"},
           {"{ int c; c @= 2; }", "statement c = 2;"},
           {"{ if (a) c @= 2; d(); }", "statement if (a) c = 2;"},
           {"{ std::sort(a.begin(), a.@end()); }", "statement std::sort(a.begin(), a.end());"},
           {"{ *p @= 3; }", "statement *p = 3;"},
           {"{ for (i = 0; i @< n; ++i) s += i; }", "statement for (i = 0; i < n; ++i) s += i;"},
           {"{ s = \"a;b\"; /* ; */ t @= 1; // ;\n }", "statement t = 1;"},
           {"{ do { a @-= 1; } while (a); }", "statement a -= 1;"}}) {
    CAPTURE(body);
    CHECK_EQ(PlaceIn(body), place);
  }
}

TEST_CASE("WhatCouldMeanSomethingElseIsNoPlace") {
  for (const char* body :
       {"{ int a @= 2; }", "{ T a(@2); }", "{ A<int> b @= c; }", "{ T *p @= q; }",
        "{ auto [a, b] @= c; }", "{ if (T x @= f()) { } }", "{ if (auto* x @= f()) { } }",
        "{ if (a) b @= 1; else c(); }", "{ if (a) b(); else c @= 1; }", "{ case 3: x @= 1; }",
        "{ out: x @= 1; }", "{ x = 1;\n#if A\n y @= 2;\n#endif\n }", "{ int a[] = {1, @2}; }",
        "{ do x@(); while (0); }", "{ f({1}, b @< c); }", "{ for (int i @= 0; i < n; ++i) { } }",
        "{ s = R\"(@)\"; }"}) {
    CAPTURE(body);
    CHECK_EQ(PlaceIn(body), "none");
  }
}

TEST_CASE("TextsThatCannotStandBesideOthersDoNotFit") {
  using Kind = ChoicePlace::Kind;
  CHECK(FitsChoice(Kind::kCondition, "a <= b"));
  CHECK_FALSE(FitsChoice(Kind::kCondition, "a <= (b"));
  CHECK_FALSE(FitsChoice(Kind::kCondition, "int x = 3"));
  CHECK(FitsChoice(Kind::kStatement, "if (x) return 1; y();"));
  CHECK_FALSE(FitsChoice(Kind::kStatement, "return 1"));
  CHECK_FALSE(FitsChoice(Kind::kStatement, "} else { x();"));
  CHECK_FALSE(FitsChoice(Kind::kStatement, "else x();"));
  CHECK(MindsSwitch("if (a) break;"));
  CHECK_FALSE(MindsSwitch("breakfast();"));
}

}  // namespace coditect::native
