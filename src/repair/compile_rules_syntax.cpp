// Marks and braces that are missing, results that are not declared, declarations said twice.
#include <algorithm>

#include "src/base/strings.h"
#include "src/repair/compile_rule.h"

namespace coditect::repair {
namespace {

constexpr size_t kBracePlacesMax = 12;
constexpr uint32_t kLinesBack = 3;

struct ErrorPlace {
  size_t file = kNoToken;
  const CodeText* code = nullptr;
  size_t token = 0;  // the first that ends behind the error's position
};

ErrorPlace PlaceOf(const RuleContext& context) {
  ErrorPlace place;
  place.file = context.index.FileOf(context.error().file);
  if (place.file == kNoToken || context.error().line == 0) return {};
  place.code = &context.index.files()[place.file];
  place.token =
      place.code->TokenAt(place.code->Offset(context.error().line, context.error().column));
  return place;
}

size_t IndentOf(std::string_view line) {
  const size_t at = line.find_first_not_of(" \t");
  return at == std::string_view::npos ? 0 : at;
}

/// The mark the compiler misses: "expected ';' before 'return'".
std::string ExpectedMark(const std::string& message) {
  const size_t at = message.find("expected '");
  if (at == std::string::npos) return "";
  const std::string rest = message.substr(at + 10);
  return rest.substr(0, rest.find('\''));
}

/// True when the brace opens a type: its end needs a semicolon.
bool EndsType(const CodeText& code, size_t brace) {
  for (size_t i = brace; i-- > 0 && brace - i < 12;) {
    if (code.Is(i, ";") || code.Is(i, "}") || code.Is(i, ")")) return false;
    if (code.Is(i, "class") || code.Is(i, "struct") || code.Is(i, "enum") || code.Is(i, "union")) {
      return true;
    }
  }
  return false;
}

/// Lines where, by their indentation, a block should have ended: candidates for a `}`.
void ProposeClosing(const RuleContext& context, const ErrorPlace& place) {
  const CodeText& code = *place.code;
  struct Open {
    size_t indent;
    size_t token;
  };
  std::vector<Open> open;
  size_t found = 0;
  uint32_t last_line = 0;
  for (size_t i = 0; i < code.tokens().size() && found < kBracePlacesMax; ++i) {
    const uint32_t line = code.tokens()[i].line;
    const bool starts = line != last_line;
    last_line = line;
    const std::string_view text = code.Text(i);
    if (starts && !open.empty() && text != "}" && text != "{" && text != "public" &&
        text != "private" && text != "protected" && text != "case" && text != "default") {
      const size_t indent = IndentOf(code.Line(line));
      const bool code_in_namespace = code.Is(open.back().token - 1, "namespace") ||
                                     code.Is(open.back().token - 2, "namespace") ||
                                     code.Text(open.back().token - 1).starts_with('"');
      if (indent <= open.back().indent && !code_in_namespace) {
        const std::string pad(open.back().indent, ' ');
        const bool type = indent == 0 && EndsType(code, open.back().token);
        context.Propose({Insert(code, code.LineStart(line), StrCat(pad, type ? "};" : "}", "\n"))},
                        StrCat("close the block of line ", code.tokens()[open.back().token].line),
                        0.8 - 0.02 * static_cast<double>(found));
        ++found;
        open.pop_back();
      }
    }
    if (text == "{") open.push_back({IndentOf(code.Line(line)), i});
    if (text == "}" && !open.empty()) open.pop_back();
  }
  if (open.empty()) return;
  const std::string pad(open.back().indent, ' ');
  const bool ends = code.text().ends_with('\n');
  context.Propose({Insert(code, static_cast<uint32_t>(code.text().size()),
                          StrCat(ends ? "" : "\n", pad, "}\n"))},
                  "close the last block", 0.6);
}

/// Lines whose successor stands deeper without a brace: candidates for a `{`.
void ProposeOpening(const RuleContext& context, const ErrorPlace& place) {
  const CodeText& code = *place.code;
  size_t found = 0;
  for (size_t i = place.token; i-- > 1 && found < kBracePlacesMax;) {
    const uint32_t line = code.tokens()[i - 1].line;
    if (code.tokens()[i].line == line) continue;
    const std::string_view last = code.Text(i - 1);
    const bool head = last == ")" || last == "else" || last == "const" || last == "do" ||
                      last == "noexcept" || last == "override" || code.IsName(i - 1);
    if (!head || IndentOf(code.Line(code.tokens()[i].line)) <= IndentOf(code.Line(line))) continue;
    context.Propose({Insert(code, code.tokens()[i - 1].end, " {")},
                    StrCat("open a block in line ", line), 0.7 - 0.02 * static_cast<double>(found));
    ++found;
  }
}

/// Types a function may give whose result nobody declared.
void ProposeResults(const RuleContext& context, const ErrorPlace& place) {
  const std::vector<std::string> quoted = QuotedIn(context.error().message);
  const std::string name = quoted.empty() ? "" : NameOf(quoted[0]).name;
  for (const FunctionText& one : context.index.functions()) {
    if (one.file != place.file) continue;
    const CodeText& code = *place.code;
    const uint32_t line = code.tokens()[code.TokenAt(one.name_start)].line;
    if (line != context.error().line || (!name.empty() && one.name != name)) continue;
    const auto insert = [&](const std::string& type, double score) {
      context.Propose({Insert(code, one.name_start, type + " ")},
                      StrCat("let ", one.name, " give ", type), score);
    };
    for (const FunctionText& other : context.index.functions()) {
      if (other.name != one.name || &other == &one) continue;
      const CodeText& model = context.index.files()[other.file];
      const auto [start, end] = ResultRange(model, other);
      if (start < end) insert(model.text().substr(start, end - start), 0.9);
    }
    double score = 0.7;
    for (const char* type : {"void", "int", "double", "bool", "auto"}) insert(type, score -= 0.02);
  }
}

/// The statement around a token: from behind the last `;`, `{` or `}` to its `;`.
std::pair<size_t, size_t> StatementAround(const CodeText& code, size_t token) {
  size_t first = token;
  while (first > 0 && !code.Is(first - 1, ";") && !code.Is(first - 1, "{") &&
         !code.Is(first - 1, "}")) {
    --first;
  }
  size_t last = token;
  while (last < code.tokens().size() && !code.Is(last, ";") && !code.Is(last, "{")) ++last;
  return {first, last};
}

/// A declaration that stands there word for word twice.
void ProposeWithoutDouble(const RuleContext& context, const ErrorPlace& place) {
  const CodeText& code = *place.code;
  const auto [first, last] = StatementAround(code, place.token);
  if (!code.Is(last, ";") || last <= first) return;
  const size_t length = last - first + 1;
  for (size_t i = 0; i + length <= first; ++i) {
    bool same = true;
    for (size_t k = 0; k < length && same; ++k) same = code.Text(i + k) == code.Text(first + k);
    if (!same) continue;
    context.Propose({Replace(code, code.tokens()[first].start, code.tokens()[last].end, "")},
                    "drop the second of two same declarations", 0.8);
    return;
  }
}

}  // namespace

void ProposeMarks(const RuleContext& context) {
  const bool unended = context.Says("missing terminating");
  if (!unended && !context.Says("expected")) return;
  const ErrorPlace place = PlaceOf(context);
  if (place.code == nullptr || place.code->tokens().empty()) return;
  const CodeText& code = *place.code;
  if (unended) {
    const std::string quote = context.Says("missing terminating ' ") ? "'" : "\"";
    const std::string_view line = code.Line(context.error().line);
    const uint32_t start = code.LineStart(context.error().line);
    for (const std::string_view ending : {");", ";", ")", ",", ""}) {
      const size_t at = ending.empty() ? line.size() : line.rfind(ending);
      if (at == std::string_view::npos) continue;
      context.Propose({Insert(code, start + static_cast<uint32_t>(at), quote)}, "close the text",
                      0.8 - 0.01 * static_cast<double>(ending.size()));
    }
    return;
  }
  const std::string wanted = ExpectedMark(context.error().message);
  const size_t here = std::min(place.token, code.tokens().size() - 1);
  const size_t before = here == 0 ? 0 : here - 1;
  std::vector<std::pair<std::string, double>> marks;
  if (!wanted.empty() && wanted.size() <= 2) marks.emplace_back(wanted, 0.85);
  for (const char* mark : {";", ")", ",", "(", "}", "{", ":", "]"}) {
    if (mark != wanted) marks.emplace_back(mark, 0.55);
  }
  for (const auto& [mark, score] : marks) {
    const std::string rule = StrCat("write the missing ", mark);
    context.Propose({Insert(code, code.tokens()[before].end, mark)}, rule, score);
    context.Propose({Insert(code, code.tokens()[here].start, mark)}, rule, score - 0.02);
    if (place.token >= code.tokens().size()) {
      context.Propose({Insert(code, code.tokens().back().end, mark)}, rule, score - 0.01);
    }
    if (mark != wanted && mark != ";" && mark != ")") continue;
    // At the ends of the lines above: compilers notice late.
    for (uint32_t back = 1; back <= kLinesBack; ++back) {
      if (code.tokens()[here].line <= back) break;
      const size_t last = code.TokenAt(code.LineStart(code.tokens()[here].line - back + 1));
      if (last == 0) break;
      context.Propose({Insert(code, code.tokens()[last - 1].end, mark)}, rule,
                      score - 0.03 - 0.02 * static_cast<double>(back));
    }
  }
}

void ProposeBraces(const RuleContext& context) {
  const ErrorPlace place = PlaceOf(context);
  if (place.code == nullptr || place.code->tokens().empty()) return;
  if (context.SaysOneOf({"at end of input", "a function-definition is not allowed here before",
                         "function definition is not allowed here", "expected '}'",
                         "qualified-id in declaration before", "expected unqualified-id before",
                         "invalid storage class", "expected primary-expression before"})) {
    ProposeClosing(context, place);
  }
  if (context.SaysOneOf({"expected declaration before '}'", "extraneous closing brace",
                         "expected identifier or '(' before", "expected unqualified-id before",
                         "expected initializer before", "'else' without a previous 'if'",
                         "expected constructor, destructor", "before '}' token", "before 'return'",
                         "before 'if'", "before 'for'", "before 'else'"})) {
    ProposeOpening(context, place);
  }
}

void ProposeTypes(const RuleContext& context) {
  const ErrorPlace place = PlaceOf(context);
  if (place.code == nullptr || place.token >= place.code->tokens().size()) return;
  if (context.SaysOneOf({"with no type", "a type specifier is required",
                         "requires a type specifier", "no type or storage class"})) {
    ProposeResults(context, place);
  }
  if (context.SaysOneOf({"redefinition of", "redeclaration of", "cannot be overloaded with"})) {
    ProposeWithoutDouble(context, place);
  }
}

}  // namespace coditect::repair
