// Rules of reading TOML: places, order, and no crash whatever the bytes.
#include "src/app/config/toml_reader.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>

#include "src/app/config/toml_guard.h"

extern "C" {
extern const char coditect_example_config[];
extern const unsigned coditect_example_config_size;
}

namespace coditect {
namespace {

// The example with every key set and without its prose, which would only hide the mutations.
std::string ExampleKeys() {
  const std::string_view text(coditect_example_config, coditect_example_config_size);
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (line.substr(0, 3) == "#: ") line.remove_prefix(3);
    if (line.substr(0, 1) != "#" && !line.empty()) out += std::string(line) + "\n";
  }
  return out;
}

std::string Mutate(std::string text, std::mt19937_64& random) {
  static constexpr std::string_view kPieces[] = {"[",
                                                 "]",
                                                 "{",
                                                 "}",
                                                 "\"",
                                                 "'",
                                                 "\"\"\"",
                                                 "'''",
                                                 "\\",
                                                 "\n",
                                                 "\r",
                                                 "=",
                                                 ".",
                                                 ",",
                                                 "#",
                                                 "$",
                                                 "[[",
                                                 "]]",
                                                 "\\u",
                                                 "\\U0010FFFF",
                                                 "0x",
                                                 "1e",
                                                 "nan",
                                                 "+inf",
                                                 "_",
                                                 "-",
                                                 "1979-05-27T",
                                                 "07:32:00",
                                                 "\xff",
                                                 "\xef\xbb\xbf",
                                                 "\xe2\x80\xae",
                                                 "agent",
                                                 "timeout",
                                                 "{a={",
                                                 "[a.b]\n",
                                                 "99999999999999999999",
                                                 " ",
                                                 "\t",
                                                 "\x01",
                                                 "\x7f"};
  const auto below = [&](size_t limit) { return limit == 0 ? 0 : random() % limit; };
  const size_t changes = 1 + below(4);
  for (size_t i = 0; i < changes; ++i) {
    const size_t at = below(text.size());
    switch (below(5)) {
      case 0:
        text.erase(at, 1 + below(8));
        break;
      case 1:
        text.insert(at, kPieces[below(std::size(kPieces))]);
        break;
      case 2:
        if (!text.empty()) text[at] = static_cast<char>(random());
        break;
      case 3:
        text.insert(at, text.substr(below(text.size()), below(40)));
        break;
      default:
        text.resize(at);
    }
  }
  return text;
}

}  // namespace

TEST_CASE("EntriesComeInTheOrderOfTheFileWithTheirPlaces") {
  const auto entries = ReadToml("b.c = [\"x\"] # no\n[a]\n  \xc3\xa4 = 1\n[empty]\n");
  REQUIRE_FALSE(entries.ok());
  const auto good = ReadToml("b.c = [\"x\"]\n[a]\n  \"\xc3\xa4\" = 1\n[empty]\n");
  REQUIRE(good.ok());
  REQUIRE_EQ(good->size(), 3u);
  CHECK_EQ((*good)[0].name, "b.c");
  CHECK_EQ((*good)[0].value_at.column, 7);
  CHECK_EQ((*good)[1].name, "a.\"\xc3\xa4\"");
  CHECK_EQ((*good)[1].name_at.line, 3);
  CHECK_EQ((*good)[1].name_at.column, 3);
  CHECK_EQ((*good)[1].value_at.column, 9);
  CHECK_EQ((*good)[2].name, "empty");
  CHECK((*good)[2].section);
}

TEST_CASE("LevelsAreCountedOutsideStringsAndCommentsOnly") {
  const auto fine = [](std::string_view text) { return CheckTomlShape(text, 3).ok(); };
  CHECK(fine("a = \"[[[[[....\""));
  CHECK(fine("a = '[[[[[\\'"));
  CHECK(fine("a = \"\\\"[[[[[\""));
  CHECK(fine("# [[[[[[ \" ' .....\n"));
  CHECK(fine("a = \"\"\"\n[[[[[ \"\" \\\"\"\" [[[[ \"\"\"\"\"\nb = [[[]]]"));
  CHECK(fine("a = '''\n[[[[[ '' '''''\n"));
  CHECK(fine("a.b.c.d = 1\nd.e.f.g = 1.5"));
  CHECK(fine("a = [1.1, 2.2, 3.3, 4.4]"));
  CHECK(fine("a = \"\" # [[[[[["));
  CHECK_FALSE(fine("a.b.c.d.e = 1"));
  CHECK_FALSE(fine("a = [[[[1]]]]"));
  CHECK_FALSE(fine("a = \"\"\"x\"\"\"\"\"[[[["));
  CHECK_FALSE(fine("a = [\"\"\"x\"\"\"\", [[["));
  CHECK_FALSE(fine("a = '\\'[[[["));
  CHECK_FALSE(fine("a = \"\\\\\"[[[["));
  CHECK_FALSE(fine("a = \"unclosed\n[[[["));
  CHECK_FALSE(fine("[a]\na = {a={a={a={"));
}

TEST_CASE("CharactersOutsideAsciiStandInStringsAndCommentsOnly") {
  const auto fine = [](std::string_view text) { return CheckTomlShape(text, 3).ok(); };
  CHECK(fine("a = \"\xc3\xa4\" # \xc3\xa4\n\"\xc3\xa4\" = '\xc3\xa4'\n"));
  CHECK(fine("a = \"\"\"\n\xc3\xa4 \\n\xc3\xa4 \\\n  x\"\"\""));
  CHECK_FALSE(fine("\xc3\xa4 = 1"));
  CHECK_FALSE(fine("a = 1 \xc3\xa4"));
  CHECK_FALSE(fine("a = \"\"\"\\\n \xc3\xa4\"\"\""));
  CHECK_FALSE(fine("a = \"\"\"\\\xc3\xa4\"\"\""));
  CHECK_FALSE(fine("a = \"\\\xc3\xa4\""));
  CHECK_FALSE(fine("a = 17:32'\xc3\xa4"));
  CHECK_FALSE(fine("a = 'x''\xc3\xa4'"));
  CHECK_FALSE(fine("a = 1.'\xc3\xa4'"));
  CHECK_FALSE(fine("a = 1='\xc3\xa4'"));
  CHECK_FALSE(fine("a = [1, 1='\xc3\xa4']"));
  CHECK_FALSE(fine("a = [1,\n1='\xc3\xa4']"));
  CHECK_FALSE(fine("a = {b = 1.5='\xc3\xa4'}"));
  CHECK_FALSE(fine("a = 1['\xc3\xa4'"));
  CHECK_FALSE(fine("a = 1{'\xc3\xa4'"));
  CHECK_FALSE(fine("a = 1979-05-27 07:32:00='\xc3\xa4'"));
  CHECK(
      fine("a = [ '\xc3\xa4' , '\xc3\xa4',\n'\xc3\xa4'\n]\r\n [ \"\xc3\xa4\" ]\na.\"b\" = "
           "{'\xc3\xa4'=1}"));
  CHECK_EQ(CheckTomlShape("\na = \"\xc3\xa4\" \xc3\xa4", 3).message(),
           "2:9: a character that is not ASCII outside quotes; put it into quotes");
}

TEST_CASE("TwentyThousandMutationsNeverCrashTheReader") {
  const std::string example = ExampleKeys();
  REQUIRE(ReadToml(example).ok());
  REQUIRE_GT(ReadToml(example)->size(), 15u);
  std::mt19937_64 random(20'260'801);
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    // Mostly a few lines, so that a mutation is seldom hidden behind another's error.
    const size_t from = i % 4 == 0 ? 0 : example.find('\n', random() % (example.size() - 1)) + 1;
    const std::string part = example.substr(from, i % 4 == 0 ? example.size() : 100);
    const auto entries = ReadToml(Mutate(part, random));
    if (!entries.ok()) {
      ++refused;
      continue;
    }
    for (const TomlEntry& entry : *entries) {
      if (const ConfigKey* key = FindConfigKey(entry.name))
        ParseToml(*key, entry.value).IgnoreError();
    }
  }
  CHECK_GT(refused, 1000);
  CHECK_LT(refused, 20'000);
}

}  // namespace coditect
