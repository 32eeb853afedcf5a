// Rules of string building and escaping.
#include "src/base/strings.h"

#include <doctest/doctest.h>

namespace coditect {

TEST_CASE("StrCatTakesTextNumbersAndBooleans") {
  CHECK_EQ(StrCat("a", std::string("b"), std::string_view("c"), 'd', 1, true), "abcd1true");
}

TEST_CASE("ControlCharactersAndBidiOverridesNeverReachATerminal") {
  CHECK_EQ(EscapeForTerminal("a\x1b[31m\n"), "a\\x1b[31m\\n");
  CHECK_EQ(EscapeForTerminal("\xe2\x80\xae"), "\\u{202e}");
  CHECK_EQ(EscapeForTerminal("\xff\xfe"), "\\xff\\xfe");
  CHECK_EQ(EscapeForTerminal("h\xc3\xa9\n\t", true), "h\xc3\xa9\n\t");
}

TEST_CASE("OverlongAndSurrogateUtf8IsInvalid") {
  CHECK_FALSE(IsValidUtf8("\xc0\xaf"));
  CHECK_FALSE(IsValidUtf8("\xed\xa0\x80"));
  CHECK(IsValidUtf8("\xf0\x9f\x99\x82"));
  CHECK_EQ(ReplaceInvalidUtf8("a\xff"), "a\xef\xbf\xbd");
}

TEST_CASE("ShellQuoteRoundTripsThroughAShellsRules") {
  CHECK_EQ(ShellQuote("plain-1.0"), "plain-1.0");
  CHECK_EQ(ShellQuote("it's"), "'it'\\''s'");
  CHECK_EQ(ShellJoin({"a b", ""}), "'a b' ''");
}

TEST_CASE("OneIsTheOnlySingularAndSecondsAreCutAfterTheTenth") {
  CHECK_EQ(Counted(0, "run"), "0 runs");
  CHECK_EQ(Counted(1, "run"), "1 run");
  CHECK_EQ(Counted(2, "runner start"), "2 runner starts");
  CHECK_EQ(SecondsText(999), "0.9 s");
  CHECK_EQ(SecondsText(12'050), "12.0 s");
}

TEST_CASE("NearestWordSuggestsOnlyWhatIsNear") {
  CHECK_EQ(NearestWord("timeuot", {"timeout", "retries"}), "timeout");
  CHECK_EQ(NearestWord("zzz", {"timeout", "retries"}), "");
  CHECK_EQ(NearestWord("rnu", {"ps", "run"}), "run");  // one swap is one mistake
  CHECK_EQ(NearestWord("urx", {"ps", "run"}), "");
}

TEST_CASE("ParseIntRefusesSignsSpacesAndOverflow") {
  long long value = 0;
  CHECK(ParseInt("30", 0, 100, &value));
  CHECK_EQ(value, 30);
  CHECK_FALSE(ParseInt("30s", 0, 100, &value));
  CHECK_FALSE(ParseInt("", 0, 100, &value));
  CHECK_FALSE(ParseInt("101", 0, 100, &value));
  CHECK_FALSE(ParseInt("99999999999999999999", 0, 100, &value));
}

}  // namespace coditect
