// Declarations by tokens: a scan that knows scopes and skips bodies.
#include "src/repair/compile_index.h"

#include <algorithm>
#include <array>

#include "src/base/strings.h"

namespace coditect::repair {
namespace {

constexpr std::array<std::string_view, 5> kHeaderEndings = {".h", ".hh", ".hpp", ".hxx", ".inl"};

constexpr std::string_view kKeywords =
    " alignas alignof asm auto bool break case catch char class const constexpr consteval "
    "constinit "
    "const_cast continue decltype default delete do double dynamic_cast else enum explicit export "
    "extern false final float for friend goto if inline int long mutable namespace new noexcept "
    "nullptr operator override private protected public register reinterpret_cast requires return "
    "short signed sizeof static static_assert static_cast struct switch template this thread_local "
    "throw true try typedef typeid typename union unsigned using virtual void volatile while "
    "restrict _Bool _Static_assert __attribute__ __restrict ";

constexpr size_t kScopesMax = 64;

std::string JoinScope(const std::string& outer, const std::string& inner) {
  if (outer.empty() || inner.empty()) return outer + inner;
  return StrCat(outer, "::", inner);
}

}  // namespace

bool IsKeyword(std::string_view word) { return Contains(kKeywords, StrCat(" ", word, " ")); }

bool IsHeaderPath(std::string_view path) {
  return std::ranges::any_of(kHeaderEndings,
                             [&](std::string_view ending) { return path.ends_with(ending); });
}

/// Reads one file into the index.
class IndexReader {
 public:
  IndexReader(CodeIndex* index, size_t file)
      : index_(*index), code_(index->files_[file]), file_(file) {}

  void Read() {
    for (const std::string& macro : code_.macros()) Declare(macro, "");
    size_t at = 0;
    while (at < code_.tokens().size()) at = ReadOne(at);
  }

 private:
  struct Scope {
    std::string name;
    size_t type = kNoToken;  // in types_
    size_t close = kNoToken;
  };

  const std::vector<CodeToken>& tokens() const { return code_.tokens(); }
  uint32_t EndOf(size_t token) const { return tokens()[token].end; }

  std::string ScopeName() const {
    std::string name;
    for (const Scope& scope : scopes_) name = JoinScope(name, scope.name);
    return name;
  }

  bool InType() const { return !scopes_.empty() && scopes_.back().type != kNoToken; }

  void Declare(const std::string& name, const std::string& scope) {
    if (name.empty() || IsKeyword(name)) return;
    if (InType()) {
      index_.types_[scopes_.back().type].members.push_back(name);
      return;
    }
    index_.declared_[name].insert(file_);
    index_.namespaces_[name].insert(scope);
  }

  /// Reads the declaration that begins at `at`; the token behind it.
  size_t ReadOne(size_t at) {
    while (!scopes_.empty() && scopes_.back().close < at) scopes_.pop_back();  // run over
    if (!scopes_.empty() && at == scopes_.back().close) {
      scopes_.pop_back();
      return at + 1;
    }
    if (code_.Is(at, ";") || code_.Is(at, "}")) return at + 1;
    if (InType() && IsAccess(at)) return at + (code_.Is(at + 1, ":") ? 2 : 3);
    if (code_.Is(at, "namespace") || (code_.Is(at, "inline") && code_.Is(at + 1, "namespace")) ||
        (code_.Is(at, "extern") && tokens()[at].end < code_.text().size() &&
         code_.Text(at + 1).starts_with('"') && code_.Is(at + 2, "{"))) {
      return ReadNamespace(at);
    }
    if (code_.Is(at, "template") && code_.Is(at + 1, "<")) {
      begin_ = begin_ == kNoToken ? at : begin_;
      return SkipAngles(at + 1);
    }
    const size_t begin = begin_ == kNoToken ? at : begin_;
    begin_ = kNoToken;
    return ReadDeclaration(begin, at);
  }

  bool IsAccess(size_t at) const {
    const std::string_view word = code_.Text(at);
    return (word == "public" || word == "private" || word == "protected") &&
           (code_.Is(at + 1, ":") || code_.Is(at + 2, ":"));
  }

  size_t ReadNamespace(size_t at) {
    std::string name;
    size_t i = at;
    for (; i < tokens().size() && !code_.Is(i, "{") && !code_.Is(i, ";"); ++i) {
      const std::string_view word = code_.Text(i);
      if ((code_.IsName(i) && !IsKeyword(word)) || word == "::") name += std::string(word);
      if (word == "=") return SkipTo(i, ";");
    }
    if (code_.Is(i, "{")) Enter(name, kNoToken, i);
    return i + 1;
  }

  void Enter(const std::string& name, size_t type, size_t open) {
    if (scopes_.size() < kScopesMax) scopes_.push_back({name, type, code_.Match(open)});
  }

  size_t SkipTo(size_t at, std::string_view mark) const {
    while (at < tokens().size() && !code_.Is(at, mark)) ++at;
    return at + 1;
  }

  size_t SkipAngles(size_t at) const {
    int depth = 0;
    for (; at < tokens().size(); ++at) {
      if (code_.Is(at, "<")) ++depth;
      if (code_.Is(at, ">") && --depth == 0) return at + 1;
      if (code_.Is(at, ";") || code_.Is(at, "{")) return at;
    }
    return at;
  }

  /// A function, a type, a variable or something that is skipped.
  size_t ReadDeclaration(size_t begin, size_t at) {
    const std::string_view first = code_.Text(at);
    if (first == "using" || first == "typedef" || first == "friend") return ReadAlias(at);
    for (size_t i = at; i < tokens().size(); ++i) {
      const std::string_view word = code_.Text(i);
      if (!scopes_.empty() && i == scopes_.back().close) return i;
      if (word == "enum") return ReadEnum(i);
      if ((word == "class" || word == "struct" || word == "union") && IsTypeHead(i)) {
        return ReadType(i);
      }
      if (word == "(" && i > at && code_.IsName(i - 1) && !IsKeyword(code_.Text(i - 1))) {
        const size_t behind = ReadFunction(begin, i);
        if (behind != kNoToken) return behind;
      }
      if (word == "operator") return SkipBody(i);
      if (word == "(" || word == "[") {
        const size_t close = code_.Match(i);
        if (close != kNoToken) i = close;
        continue;
      }
      if (word == "=" || word == ";" || word == "{" || word == ",") {
        if (i > at && code_.IsName(i - 1)) Declare(std::string(code_.Text(i - 1)), ScopeName());
        if (word == ";") return i + 1;
        if (word != ",") return SkipBody(i);
      }
    }
    return tokens().size();
  }

  /// Behind the `;` or the block that ends what stands at `at`.
  size_t SkipBody(size_t at) const {
    for (; at < tokens().size(); ++at) {
      if (!scopes_.empty() && at == scopes_.back().close) return at;
      if (code_.Is(at, ";")) return at + 1;
      if (code_.Is(at, "(") || code_.Is(at, "[")) {
        const size_t close = code_.Match(at);
        if (close != kNoToken) at = close;
      } else if (code_.Is(at, "{")) {
        const size_t close = code_.Match(at);
        if (close == kNoToken) return tokens().size();
        return code_.Is(close + 1, ";") ? close + 2 : close + 1;
      }
    }
    return at;
  }

  size_t ReadAlias(size_t at) {
    const size_t end = SkipTo(at, ";");
    if (code_.Is(at, "using") && code_.Is(at + 2, "=")) {
      Declare(std::string(code_.Text(at + 1)), ScopeName());
    }
    if (code_.Is(at, "typedef")) {
      for (size_t i = at; i < end && i < tokens().size(); ++i) {
        if ((code_.Is(i, "struct") || code_.Is(i, "enum") || code_.Is(i, "union"))) {
          const size_t open = code_.Is(i + 1, "{") ? i + 1 : i + 2;
          if (!code_.Is(open, "{")) continue;
          const size_t types = index_.types_.size();
          const size_t behind = code_.Is(i, "enum") ? ReadEnum(i) : ReadType(i, true);
          const size_t name = behind;
          if (code_.IsName(name)) {
            Declare(std::string(code_.Text(name)), ScopeName());
            if (index_.types_.size() > types && index_.types_.back().name.empty()) {
              index_.types_.back().name = std::string(code_.Text(name));
            }
          }
          return SkipTo(name, ";");
        }
      }
      if (end >= 2 && end - 2 < tokens().size() && code_.IsName(end - 2)) {
        Declare(std::string(code_.Text(end - 2)), ScopeName());
      }
    }
    return end;
  }

  size_t ReadEnum(size_t at) {
    size_t i = at + 1;
    if (code_.Is(i, "class") || code_.Is(i, "struct")) ++i;
    const bool scoped = i > at + 1;
    if (code_.IsName(i)) Declare(std::string(code_.Text(i)), ScopeName());
    while (i < tokens().size() && !code_.Is(i, "{") && !code_.Is(i, ";")) ++i;
    const size_t close = code_.Is(i, "{") ? code_.Match(i) : kNoToken;
    if (close == kNoToken) return SkipTo(i, ";");
    EnumText read{.file = file_};
    for (size_t k = i + 1; k < close; ++k) {
      if (!code_.IsName(k) || (!code_.Is(k - 1, "{") && !code_.Is(k - 1, ","))) continue;
      read.enumerators.emplace_back(code_.Text(k));
      if (!scoped) Declare(read.enumerators.back(), ScopeName());
    }
    index_.enums_.push_back(std::move(read));
    return close + 1;
  }

  /// False for `struct x` in front of a variable or a parameter.
  bool IsTypeHead(size_t at) const {
    for (size_t i = at + 1; i < tokens().size() && i < at + 64; ++i) {
      if (code_.Is(i, "{") || code_.Is(i, ";")) return true;
      if (code_.Is(i, "(") || code_.Is(i, "=") || code_.Is(i, ")")) return false;
      if (code_.Is(i, "*") || code_.Is(i, "&")) return false;
      if (i == at + 2 && code_.IsName(i) && !code_.Is(i, "final")) return false;
    }
    return false;
  }

  /// Enters the type, or with `whole` reads it to its end: the token behind it.
  size_t ReadType(size_t at, bool whole = false) {
    size_t i = at + 1;
    TypeText type;
    type.file = file_;
    type.scope = ScopeName();
    type.all_public = !code_.Is(at, "class");
    if (code_.IsName(i)) type.name = std::string(code_.Text(i));
    while (i < tokens().size() && !code_.Is(i, "{") && !code_.Is(i, ";")) ++i;
    Declare(type.name, type.scope);
    if (!code_.Is(i, "{") || code_.Match(i) == kNoToken) return i + 1;
    type.open = tokens()[i].start;
    type.close = tokens()[code_.Match(i)].start;
    const std::string name = type.name;
    index_.types_.push_back(std::move(type));
    Enter(name, index_.types_.size() - 1, i);
    if (!whole) return i + 1;
    const size_t close = code_.Match(i);
    const size_t depth = scopes_.size();
    const size_t entered = index_.types_.size() - 1;
    for (size_t k = i + 1; k < close;) k = ReadOne(k);
    while (scopes_.size() >= depth && !scopes_.empty()) scopes_.pop_back();
    // What was read inside must not be taken for the one that is named behind it.
    if (entered + 1 != index_.types_.size()) {
      std::swap(index_.types_[entered], index_.types_.back());
    }
    return close + 1;
  }

  /// `open`: of the parameters. kNoToken when this is no function.
  size_t ReadFunction(size_t begin, size_t open) {
    const size_t close = code_.Match(open);
    if (close == kNoToken) return kNoToken;
    FunctionText function;
    function.file = file_;
    function.name = std::string(code_.Text(open - 1));
    size_t name = open - 1;
    if (name > 0 && code_.Is(name - 1, "~")) {
      --name;
      function.name = "~" + function.name;
    }
    function.last_start = tokens()[name].start;
    std::string before;
    while (name >= 2 && name > begin && code_.Is(name - 1, "::") && code_.IsName(name - 2)) {
      before = JoinScope(std::string(code_.Text(name - 2)), before);
      name -= 2;
    }
    size_t tail = close + 1;
    if (!ReadTail(&tail, &function)) return kNoToken;
    function.scope = JoinScope(ScopeName(), before);
    function.owner = InType() ? scopes_.back().name : before;
    function.start = tokens()[begin].start;
    function.name_start = tokens()[name].start;
    function.name_end = EndOf(open - 1);
    function.open = EndOf(open);
    function.close = tokens()[close].start;
    const std::string last_scope = function.scope.substr(
        function.scope.rfind(':') == std::string::npos ? 0 : function.scope.rfind(':') + 1);
    function.has_return =
        name > begin || function.name == last_scope || function.name.starts_with('~');
    if (!function.has_return && InType()) return kNoToken;  // a macro among the members
    ReadParameters(open, close, &function);
    Declare(function.name, ScopeName());
    size_t behind = tail + 1;
    function.end = EndOf(std::min(tail, tokens().size() - 1));
    if (code_.Is(tail, "{")) {
      function.definition = true;
      function.end = tokens()[tail].start;
      const size_t end = code_.Match(tail);
      behind = end == kNoToken ? tokens().size() : end + 1;
      function.body_end = end == kNoToken ? static_cast<uint32_t>(code_.text().size()) : EndOf(end);
    }
    index_.functions_.push_back(std::move(function));
    return behind;
  }

  /// Moves `*at` from behind the parameters to the `;` or `{`. False when this is no function.
  bool ReadTail(size_t* at, FunctionText* function) const {
    size_t i = *at;
    function->tail_end = i > 0 ? EndOf(i - 1) : 0;
    for (; i < tokens().size(); ++i) {
      const std::string_view word = code_.Text(i);
      if (word == "const" || word == "volatile" || word == "&") {
        StrAppend(function->tail, " ", word);
        function->tail_end = EndOf(i);
      } else if (word == "noexcept" || word == "__attribute__" || word == "throw") {
        if (word == "noexcept") function->tail += " noexcept";
        if (code_.Is(i + 1, "(") && code_.Match(i + 1) != kNoToken) i = code_.Match(i + 1);
        function->tail_end = EndOf(i);
      } else if (word == ";" || word == "{") {
        *at = i;
        return true;
      } else if (word == "=") {  // = 0, = default, = delete
        *at = SkipTo(i, ";") - 1;
        return code_.Is(*at, ";") && *at <= i + 2;
      } else if (word == "-" || word == ":") {  // -> type; initializers
        return SkipHead(i, at);
      } else if (word != "override" && word != "final") {
        return false;
      }
    }
    return false;
  }

  /// To the block behind a result's type or a constructor's initializers.
  bool SkipHead(size_t i, size_t* at) const {
    for (; i < tokens().size(); ++i) {
      if (code_.Is(i, ";")) break;
      if (code_.Is(i, "(") ||
          (code_.Is(i, "{") && code_.IsName(i - 1) && code_.Match(i) != kNoToken &&
           (code_.Is(code_.Match(i) + 1, ",") || code_.Is(code_.Match(i) + 1, "{")))) {
        i = code_.Match(i);
        if (i == kNoToken) return false;
        continue;
      }
      if (code_.Is(i, "{")) break;
    }
    *at = i;
    return i < tokens().size();
  }

  void ReadParameters(size_t open, size_t close, FunctionText* function) const {
    size_t begin = open + 1;
    int angles = 0;
    for (size_t i = open + 1; i <= close; ++i) {
      const bool bracket = code_.Is(i, "(") || code_.Is(i, "[") || code_.Is(i, "{");
      if (bracket && i != close && code_.Match(i) != kNoToken && code_.Match(i) < close) {
        i = code_.Match(i);
        continue;
      }
      if (code_.Is(i, "<")) ++angles;
      if (code_.Is(i, ">") && angles > 0) --angles;
      if (i != close && (!code_.Is(i, ",") || angles > 0)) continue;
      AddParameter(begin, i, function);
      begin = i + 1;
    }
  }

  void AddParameter(size_t begin, size_t end, FunctionText* function) const {
    if (begin >= end) return;
    if (begin + 1 == end && code_.Is(begin, "void")) return;
    ParameterText parameter;
    parameter.start = tokens()[begin].start;
    parameter.end = EndOf(end - 1);
    size_t stop = begin;
    while (stop < end && !code_.Is(stop, "=")) ++stop;
    parameter.has_default = stop < end;
    size_t name = stop;
    for (size_t i = begin; i < stop; ++i) {
      if (code_.Is(i, "[") || code_.Is(i, "(")) break;
      name = i;
    }
    const bool named =
        name > begin && name < stop && code_.IsName(name) && !IsKeyword(code_.Text(name)) &&
        !code_.Is(name - 1, "::") &&
        !(name == begin + 1 && (code_.Is(begin, "const") || code_.Is(begin, "struct")));
    if (named) parameter.name = std::string(code_.Text(name));
    for (size_t i = begin; i < stop; ++i) {
      if (named && i == name) continue;
      parameter.type += (parameter.type.empty() ? "" : " ") + std::string(code_.Text(i));
    }
    function->parameters.push_back(std::move(parameter));
  }

  CodeIndex& index_;
  const CodeText& code_;
  const size_t file_;
  std::vector<Scope> scopes_;
  size_t begin_ = kNoToken;  // of a template's head
};

CodeIndex::CodeIndex(std::vector<CodeText> files) : files_(std::move(files)) {
  for (size_t file = 0; file < files_.size(); ++file) {
    IndexReader(this, file).Read();
    auto& names = names_.emplace_back();
    for (size_t i = 0; i < files_[file].tokens().size(); ++i) {
      if (files_[file].IsName(i) && !IsKeyword(files_[file].Text(i))) {
        ++names[std::string(files_[file].Text(i))];
      }
    }
  }
  Resolve();
  CountCalls();
}

size_t CodeIndex::FileOf(std::string_view path) const {
  for (size_t i = 0; i < files_.size(); ++i) {
    if (files_[i].path() == path) return i;
  }
  return kNoToken;
}

/// An included path is a file beside the includer, else any whose path ends so.
void CodeIndex::Resolve() {
  std::map<std::string, std::vector<size_t>, std::less<>> by_name;
  for (size_t i = 0; i < files_.size(); ++i) {
    const std::string& path = files_[i].path();
    by_name[path.substr(path.rfind('/') + 1)].push_back(i);
  }
  std::vector<std::set<size_t>> direct(files_.size());
  for (size_t i = 0; i < files_.size(); ++i) {
    for (const IncludeLine& include : files_[i].includes()) {
      std::string tail = include.path;
      while (tail.starts_with("../") || tail.starts_with("./")) tail.erase(0, tail.find('/') + 1);
      const auto named = by_name.find(tail.substr(tail.rfind('/') + 1));
      if (named == by_name.end()) continue;
      for (const size_t other : named->second) {
        const std::string& path = files_[other].path();
        if (path == tail || path.ends_with("/" + tail)) direct[i].insert(other);
      }
    }
  }
  includes_.resize(files_.size());
  for (size_t i = 0; i < files_.size(); ++i) {
    std::vector<size_t> open = {i};
    while (!open.empty()) {
      const size_t file = open.back();
      open.pop_back();
      if (!includes_[i].insert(file).second) continue;
      open.insert(open.end(), direct[file].begin(), direct[file].end());
    }
  }
}

void CodeIndex::CountCalls() {
  for (const CodeText& code : files_) {
    for (size_t i = 0; i + 1 < code.tokens().size(); ++i) {
      if (code.IsName(i) && code.Is(i + 1, "(") && !IsKeyword(code.Text(i))) {
        ++calls_[std::string(code.Text(i))];
      }
    }
  }
  for (const FunctionText& function : functions_) {
    const auto count = calls_.find(function.name);
    if (count != calls_.end() && count->second > 0) --count->second;
  }
}

const std::set<size_t>& CodeIndex::DeclaredIn(std::string_view name) const {
  static const std::set<size_t>* nowhere = new std::set<size_t>;
  const auto found = declared_.find(name);
  return found == declared_.end() ? *nowhere : found->second;
}

const std::set<std::string>& CodeIndex::NamespacesOf(std::string_view name) const {
  static const std::set<std::string>* none = new std::set<std::string>;
  const auto found = namespaces_.find(name);
  return found == namespaces_.end() ? *none : found->second;
}

const std::set<size_t>& CodeIndex::Includes(size_t file) const { return includes_[file]; }

uint32_t CodeIndex::Calls(std::string_view name) const {
  const auto found = calls_.find(name);
  return found == calls_.end() ? 0 : found->second;
}

}  // namespace coditect::repair
