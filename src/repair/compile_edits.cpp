// Edits that several rules make: includes, arguments, signatures.
#include <algorithm>
#include <map>

#include "src/base/strings.h"
#include "src/repair/compile_rule.h"

namespace coditect::repair {
namespace {

constexpr std::string_view kSpecifiers =
    " static virtual inline explicit extern constexpr friend mutable template ";

/// Words of [start, end) with single blanks, without specifiers.
std::string PlainTokens(const CodeText& code, uint32_t start, uint32_t end) {
  std::string out;
  for (size_t i = code.TokenAt(start); i < code.tokens().size() && code.tokens()[i].end <= end;
       ++i) {
    if (Contains(kSpecifiers, StrCat(" ", code.Text(i), " "))) continue;
    out += (out.empty() ? "" : " ") + std::string(code.Text(i));
  }
  return out;
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string ParameterAs(const CodeText& code, const ParameterText& parameter, bool with_default) {
  uint32_t end = parameter.end;
  if (parameter.has_default && !with_default) {
    const size_t equal = code.text().find('=', parameter.start);
    if (equal != std::string::npos && equal < end) end = static_cast<uint32_t>(equal);
  }
  return std::string(TrimWhitespace(code.text().substr(parameter.start, end - parameter.start)));
}

}  // namespace

std::optional<SourceEdit> InsertInclude(const CodeText& code, const std::string& path,
                                        bool quoted) {
  const std::string line =
      StrCat("#include ", quoted ? "\"" : "<", path, quoted ? "\"" : ">", "\n");
  const auto& includes = code.includes();
  for (const IncludeLine& one : includes) {
    if (one.path == path) return std::nullopt;
  }
  // Behind the first run of lines of its kind; a later one may stand under a condition.
  const IncludeLine* last = nullptr;
  for (const bool same_kind : {true, false}) {
    for (const IncludeLine& one : includes) {
      if (last == nullptr ? (one.quoted == quoted || !same_kind)
                          : (one.line == last->line + 1 && (one.quoted == quoted || !same_kind))) {
        last = &one;
      }
    }
    if (last != nullptr) break;
  }
  if (last != nullptr) {
    const bool ends = last->end > 0 && code.text()[last->end - 1] == '\n';
    return Insert(code, last->end, ends ? line : "\n" + line);
  }
  // In front of the first code, behind comments, guards and pragmas.
  uint32_t at = code.tokens().empty() ? static_cast<uint32_t>(code.text().size())
                                      : code.LineStart(code.tokens()[0].line);
  return Insert(code, at, line + "\n");
}

std::vector<std::string> IncludeSpellings(const CodeIndex& index, size_t file, size_t header) {
  const std::string& path = index.files()[header].path();
  std::map<std::string, size_t> used;
  for (const CodeText& code : index.files()) {
    for (const IncludeLine& include : code.includes()) {
      if (path == include.path || path.ends_with("/" + include.path)) ++used[include.path];
    }
  }
  std::vector<std::pair<size_t, std::string>> ranked;
  for (const auto& [spelling, count] : used) ranked.emplace_back(count, spelling);
  std::ranges::sort(ranked, std::greater<>());
  std::vector<std::string> spellings;
  const auto add = [&](std::string one) {
    if (std::ranges::find(spellings, one) == spellings.end()) spellings.push_back(std::move(one));
  };
  const std::string name = path.substr(path.rfind('/') + 1);
  const std::string folder = FolderOf(index.files()[file].path());
  if (folder == FolderOf(path)) add(name);
  for (auto& [count, spelling] : ranked) add(spelling);
  for (const std::string_view root : {"include/", "src/", "inc/", "lib/"}) {
    const size_t at = path.rfind(root);
    if (at == 0 || (at != std::string::npos && path[at - 1] == '/')) {
      add(path.substr(at + root.size()));
    }
  }
  std::string up;
  for (const std::string& part : Split(folder, '/')) up += part.empty() ? "" : "../";
  add(up + path);
  add(name);
  return spellings;
}

std::vector<std::pair<uint32_t, uint32_t>> ArgumentsOf(const CodeText& code, size_t open) {
  std::vector<std::pair<uint32_t, uint32_t>> out;
  const size_t close = code.Match(open);
  if (close == kNoToken || close == open + 1) return out;
  uint32_t start = code.tokens()[open + 1].start;
  for (size_t i = open + 1; i <= close; ++i) {
    if (i != close && code.Match(i) != kNoToken && code.Match(i) > i) {
      i = code.Match(i);
      continue;
    }
    if (i != close && !code.Is(i, ",")) continue;
    out.emplace_back(start, code.tokens()[i - 1].end);
    if (i != close) start = code.tokens()[i + 1].start;
  }
  return out;
}

std::pair<uint32_t, uint32_t> ResultRange(const CodeText& code, const FunctionText& function) {
  size_t first = code.TokenAt(function.start);
  if (code.Is(first, "template") && code.Is(first + 1, "<")) {
    int depth = 0;
    for (++first; first < code.tokens().size(); ++first) {
      if (code.Is(first, "<")) ++depth;
      if (code.Is(first, ">") && --depth == 0) break;
    }
    ++first;
  }
  while (Contains(kSpecifiers, StrCat(" ", code.Text(first), " "))) ++first;
  const size_t name = code.TokenAt(function.name_start);
  if (first >= name || name == 0) return {function.name_start, function.name_start};
  return {code.tokens()[first].start, code.tokens()[name - 1].end};
}

std::vector<SourceEdit> AlignSignature(const CodeIndex& index, const FunctionText& of,
                                       const FunctionText& like) {
  const CodeText& code = index.files()[of.file];
  const CodeText& model = index.files()[like.file];
  std::vector<SourceEdit> edits;
  const auto result = ResultRange(code, of);
  const auto wanted = ResultRange(model, like);
  const std::string wanted_text = PlainTokens(model, wanted.first, wanted.second);
  if (PlainTokens(code, result.first, result.second) != wanted_text && !wanted_text.empty()) {
    const std::string text = model.text().substr(wanted.first, wanted.second - wanted.first);
    edits.push_back(result.first == result.second
                        ? Insert(code, result.first, text + " ")
                        : Replace(code, result.first, result.second, text));
  }
  bool differ = of.parameters.size() != like.parameters.size();
  std::string parameters;
  for (size_t i = 0; i < like.parameters.size(); ++i) {
    const bool same = i < of.parameters.size() && of.parameters[i].type == like.parameters[i].type;
    differ |= !same;
    parameters += i == 0 ? "" : ", ";
    parameters += same ? ParameterAs(code, of.parameters[i], true)
                       : ParameterAs(model, like.parameters[i], !of.definition);
  }
  if (differ) edits.push_back(Replace(code, of.open, of.close, parameters));
  if (of.tail != like.tail) {
    edits.push_back(Replace(code, of.close + 1, of.tail_end, like.tail));
  }
  return edits;
}

std::string PrototypeOf(const CodeText& code, const FunctionText& function, bool qualified) {
  const uint32_t end = std::max(function.tail_end, function.close + 1);
  const std::string before = code.text().substr(
      function.start, (qualified ? function.last_start : function.name_start) - function.start);
  return StrCat(before, code.text().substr(function.last_start, end - function.last_start), ";");
}

}  // namespace coditect::repair
