// Literals of the failing tests: what they give to the code and what they expect of it.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "src/domain/test_report.h"
#include "src/repair/source_model.h"

namespace coditect::repair {

inline constexpr size_t kMinedLiteralsMax = 200;

/// Literals as they are written, each once, in the order of the text.
struct MinedLiterals {
  std::vector<std::string> expected_strings;  // source text with quotes
  std::vector<std::string> expected_numbers;
  std::vector<std::string> argument_strings;
  std::vector<std::string> argument_numbers;
  std::set<std::string> called;  // names the tests call directly
};

/// Reads the test functions of the failing cases. A case that names no function of its file means
/// the functions around the places its failure tells and those that name them; where it tells none
/// (the file could not be collected), the whole file.
MinedLiterals MineLiterals(const std::vector<SourceText>& tests,
                           const std::vector<TestCase>& failing);

/// The characters of a plain string literal; false for a prefixed, formatted or joined one.
bool PlainString(std::string_view literal, std::string* content);

/// `content` as a literal in the quotes of `like` (or in single quotes), or in the others of
/// `quotes` where that spares an escape.
std::string QuoteLike(std::string_view content, std::string_view like,
                      std::string_view quotes = "'\"");

}  // namespace coditect::repair
