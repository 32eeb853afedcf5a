// Names that are unknown where they stand: includes, slips, namespaces, prototypes, renames.
#include <algorithm>
#include <map>

#include "src/base/strings.h"
#include "src/repair/compile_rule.h"

namespace coditect::repair {
namespace {

constexpr double kLikeMin = 0.55;     // names less alike are no slips of each other
constexpr double kRenamedMin = 0.25;  // of a function nobody calls by its new name
constexpr size_t kAlikeMax = 8;

/// What the error calls unknown.
std::string UnknownName(const RuleContext& context) {
  const std::vector<std::string> quoted = QuotedIn(context.error().message);
  if (quoted.empty()) return "";
  if (context.SaysOneOf({"was not declared in this scope", "has not been declared",
                         "does not name a t", "undeclared", "unknown type name",
                         "implicit declaration of function", "is not a member of", "no type named",
                         "no template named", "incomplete type", "unknown class name",
                         "is not a class, namespace", "is not a template"})) {
    return NameOf(quoted[0]).name;
  }
  if (context.Says("no member named") && quoted.size() > 1 && context.Says("in namespace")) {
    return NameOf(quoted[0]).name;
  }
  return "";
}

/// Every name in the first quotes: of "has initializer but incomplete type" the type comes first.
std::vector<std::string> NamesQuoted(const RuleContext& context) {
  std::vector<std::string> names;
  const std::vector<std::string> quoted = QuotedIn(context.error().message);
  if (quoted.empty()) return names;
  const CodeText code("quoted.cpp", quoted[0]);
  for (size_t i = 0; i < code.tokens().size(); ++i) {
    if (code.IsName(i) && !IsKeyword(code.Text(i))) names.emplace_back(code.Text(i));
  }
  return names;
}

/// The nearest place above `offset` where a prototype can stand: before the function around it.
uint32_t BeforeFunction(const CodeIndex& index, size_t file, uint32_t offset) {
  const FunctionText* around = FunctionAround(index, file, offset);
  return around == nullptr ? UINT32_MAX : around->start;
}

class NameRules {
 public:
  NameRules(const RuleContext& context, std::string name)
      : context_(context), index_(context.index), name_(std::move(name)) {
    places_ = PlacesOf(context_, name_);
    if (places_.empty()) return;
    file_ = places_[0].file;
    cpp_ = IsCpp(index_, file_);
    const CodeText& code = index_.files()[file_];
    called_ = code.Is(places_[0].token + 1, "(");
    if (called_) arguments_ = ArgumentsOf(code, places_[0].token + 1).size();
    qualified_ = places_[0].token > 0 && code.Is(places_[0].token - 1, "::");
    in_std_ = qualified_ && code.Is(places_[0].token - 2, "std");
  }

  void Propose() {
    if (places_.empty()) return;
    Qualify();
    Slips();
    DeclaredOtherwise();
    Prototypes();
  }

 private:
  /// The name replaced where the errors are, and everywhere in those files.
  void ReplaceName(const std::string& by, const std::string& rule, double score) {
    std::vector<SourceEdit> edits;
    std::set<size_t> files;
    for (const NamePlace& place : places_) {
      edits.push_back(ReplaceToken(index_.files()[place.file], place.token, by));
      files.insert(place.file);
    }
    std::vector<SourceEdit> all;
    for (size_t file = 0; file < index_.files().size(); ++file) {
      const CodeText& code = index_.files()[file];
      const bool here = files.contains(file);
      // Calls in files that the build did not come to are as wrong.
      if (!here && (!called_ || !context_.editable.contains(code.path()))) continue;
      for (size_t i = 0; i < code.tokens().size(); ++i) {
        const bool member = i > 0 && (code.Is(i - 1, ".") || code.Is(i - 1, "->"));
        if (!code.IsName(i) || code.Text(i) != name_ || member) continue;
        if (here || code.Is(i + 1, "(")) all.push_back(ReplaceToken(code, i, by));
      }
    }
    // C tells an unknown name once a function; a declaration of the name is no use of it.
    const bool more = all.size() > edits.size() && index_.DeclaredIn(name_).empty();
    if (more) context_.Propose(std::move(all), rule, score + 0.001);
    context_.Propose(std::move(edits), rule, score);
  }

  void Qualify() {
    if (qualified_ || !cpp_) return;
    std::set<std::string> scopes = index_.NamespacesOf(name_);
    scopes.erase("");
    if (IsInStd(name_)) scopes.insert("std");
    for (const std::string& scope : scopes) {
      std::vector<SourceEdit> edits;
      for (const NamePlace& place : places_) {
        const CodeText& code = index_.files()[place.file];
        edits.push_back(Insert(code, code.tokens()[place.token].start, scope + "::"));
      }
      const std::string rule = StrCat("qualify ", name_, " by ", scope, "::");
      const std::string_view header = scope == "std" ? StandardHeader(name_, true) : "";
      context_.Propose(edits, rule, 0.8);
      if (header.empty()) continue;
      const auto include = InsertInclude(index_.files()[file_], std::string(header), false);
      if (!include.has_value()) continue;
      edits.insert(edits.begin(), *include);
      context_.Propose(std::move(edits), StrCat(rule, " and include <", header, ">"), 0.79);
    }
  }

  bool ArityFits(const FunctionText& function) const {
    return arguments_ >= function.required() && arguments_ <= function.parameters.size();
  }

  /// How well a candidate fits beside its letters.
  double Bonus(std::string_view candidate) const {
    double bonus = index_.DeclaredIn(candidate).empty() ? 0 : 0.03;
    const auto& here = index_.NamesIn(file_);
    if (here.find(candidate) != here.end()) bonus += 0.02;
    if (!called_) return bonus;
    bool function = false;
    bool fits = false;
    for (const FunctionText& one : index_.functions()) {
      if (one.name != candidate) continue;
      function = true;
      fits |= ArityFits(one);
    }
    return function ? bonus + (fits ? 0.06 : -0.1) : bonus;
  }

  void Slips() {
    std::map<std::string, double> alike;
    const auto consider = [&](std::string_view candidate) {
      if (candidate == name_ || IsKeyword(candidate)) return;
      const double likeness = NameLikeness(name_, candidate);
      if (likeness < kLikeMin) return;
      alike[std::string(candidate)] = likeness + Bonus(candidate);
    };
    if (!in_std_) {
      for (const size_t file : index_.Includes(file_)) {
        for (const auto& [word, count] : index_.NamesIn(file)) consider(word);
        for (const std::string& macro : index_.files()[file].macros()) consider(macro);
      }
    }
    if (in_std_ || !cpp_) {
      for (const std::string_view word : StandardNames(cpp_)) consider(word);
    } else if (cpp_ && called_) {
      for (const std::string_view word : StandardNames(false)) consider(word);
    }
    for (const std::string_view word :
         {"int", "char", "long", "double", "float", "void", "bool", "const", "unsigned", "return",
          "auto", "struct", "static", "while", "else", "true", "false", "sizeof", "nullptr"}) {
      if (NameLikeness(name_, word) >= kLikeMin) {
        alike[std::string(word)] = NameLikeness(name_, word);
      }
    }
    std::vector<std::pair<double, std::string>> best;
    for (const auto& [word, likeness] : alike) best.emplace_back(likeness, word);
    std::ranges::sort(best, std::greater<>());
    if (best.size() > kAlikeMax) best.resize(kAlikeMax);
    for (const auto& [likeness, word] : best) {
      ReplaceName(word, StrCat("write ", word, " for ", name_), 0.5 + 0.38 * likeness);
    }
  }

  /// A function of another name that nobody calls by it: it was renamed, here or there.
  void DeclaredOtherwise() {
    if (!called_) return;
    bool defined = false;
    for (const FunctionText& one : index_.functions()) {
      defined |= one.definition && one.name == name_;
    }
    std::map<std::string, std::vector<const FunctionText*>> by_name;
    for (const FunctionText& one : index_.functions()) {
      if (one.name != name_) by_name[one.name].push_back(&one);
    }
    for (const auto& [other, functions] : by_name) {
      const double likeness = NameLikeness(name_, other);
      const bool orphan = index_.Calls(other) == 0;
      const bool fits =
          std::ranges::any_of(functions, [&](const FunctionText* f) { return ArityFits(*f); });
      if (!fits || (orphan ? likeness < kRenamedMin : likeness < kLikeMin)) continue;
      const bool has_body = std::ranges::any_of(functions, &FunctionText::definition);
      const double back = defined && !has_body                            ? 0.965
                          : context_.space == CompileSpace::kDeclarations ? 0.9
                                                                          : 0.45;
      if (orphan) {
        std::vector<SourceEdit> edits;
        for (const FunctionText* one : functions) {
          const CodeText& code = index_.files()[one->file];
          edits.push_back(Replace(code, one->last_start, one->name_end, name_));
        }
        context_.Propose(std::move(edits), StrCat("rename ", other, " to ", name_),
                         back * (0.7 + 0.3 * likeness));
      }
      if (orphan && likeness < kLikeMin) {
        ReplaceName(other, StrCat("call ", other, " for ", name_), 0.5 + 0.35 * likeness);
      }
    }
  }

  /// The function is there, but nothing in front of the call says so.
  void Prototypes() {
    const CodeText& here = index_.files()[file_];
    const uint32_t offset = here.tokens()[places_[0].token].start;
    for (const FunctionText& one : index_.functions()) {
      if (!one.definition || one.name != name_) continue;
      const CodeText& code = index_.files()[one.file];
      const std::string text = PrototypeOf(code, one, false);
      if (one.file == file_ && one.owner.empty()) {
        const uint32_t at = BeforeFunction(index_, file_, offset);
        if (at == UINT32_MAX || one.start <= offset) continue;
        context_.Propose({Insert(here, at, StrCat(text, "\n\n"))},
                         StrCat("declare ", name_, " before its use"), 0.7);
      }
      if (one.owner.empty() || !one.scope.empty()) DeclareInHeader(one, text);
    }
  }

  /// In the header that both the definition and the use include.
  void DeclareInHeader(const FunctionText& definition, const std::string& text) {
    for (const size_t header : index_.Includes(definition.file)) {
      if (!IsHeaderPath(index_.files()[header].path())) continue;
      if (!index_.Includes(file_).contains(header)) continue;
      const FunctionText* last = nullptr;
      for (const FunctionText& one : index_.functions()) {
        if (one.file == header && one.owner.empty()) last = &one;
      }
      if (last == nullptr) continue;
      context_.Propose(
          {Insert(index_.files()[header], std::max(last->end, last->body_end), StrCat("\n", text))},
          StrCat("declare ", name_, " in ", index_.files()[header].path()), 0.62);
    }
  }

  const RuleContext& context_;
  const CodeIndex& index_;
  const std::string name_;
  std::vector<NamePlace> places_;
  size_t file_ = 0;
  bool cpp_ = false;
  bool called_ = false;
  bool qualified_ = false;
  bool in_std_ = false;
  size_t arguments_ = 0;
};

/// An included file that is not there: a header of nearly that name.
void ProposeIncludedFiles(const RuleContext& context) {
  if (!context.SaysOneOf({"No such file or directory", "file not found"})) return;
  const size_t file = context.index.FileOf(context.error().file);
  if (file == kNoToken) return;
  const CodeText& code = context.index.files()[file];
  for (const IncludeLine& include : code.includes()) {
    if (include.line != context.error().line) continue;
    const auto offer = [&](const std::string& path, bool quoted) {
      const double likeness = NameLikeness(include.path, path);
      if (path == include.path || likeness < kLikeMin) return;
      context.Propose(
          {Replace(code, include.start, include.end,
                   StrCat("#include ", quoted ? "\"" : "<", path, quoted ? "\"" : ">", "\n"))},
          StrCat("include ", path, " for ", include.path), 0.5 + 0.45 * likeness);
    };
    for (size_t other = 0; other < context.index.files().size(); ++other) {
      if (!IsHeaderPath(context.index.files()[other].path())) continue;
      for (const std::string& path : IncludeSpellings(context.index, file, other)) {
        offer(path, include.quoted);
      }
    }
    for (const std::string_view header : StandardHeaders(IsCpp(context.index, file))) {
      offer(std::string(header), false);
    }
  }
}

}  // namespace

void ProposeIncludes(const RuleContext& context) {
  ProposeIncludedFiles(context);
  std::vector<std::string> names;
  if (const std::string name = UnknownName(context); !name.empty()) names.push_back(name);
  if (names.empty() && !context.SaysOneOf({"incomplete type", "undefined type"})) return;
  if (context.SaysOneOf({"incomplete type", "undefined type"})) {
    for (std::string& name : NamesQuoted(context)) names.push_back(std::move(name));
  }
  const size_t file = context.index.FileOf(context.error().file);
  if (file == kNoToken) return;
  const CodeText& code = context.index.files()[file];
  const bool cpp = IsCpp(context.index, file);
  for (const std::string& name : names) {
    const std::string_view header = StandardHeader(name, cpp);
    const bool likely = !cpp || context.Says("std") || !IsInStd(name);
    if (!header.empty()) {
      if (const auto edit = InsertInclude(code, std::string(header), false)) {
        context.Propose({*edit}, StrCat("include <", header, ">"), likely ? 0.9 : 0.45);
      }
    }
    for (const size_t other : context.index.DeclaredIn(name)) {
      if (context.index.Includes(file).contains(other)) continue;
      if (!IsHeaderPath(context.index.files()[other].path())) continue;
      double score = 0.92;
      for (const std::string& path : IncludeSpellings(context.index, file, other)) {
        if (const auto edit = InsertInclude(code, path, true)) {
          context.Propose({*edit}, StrCat("include \"", path, "\""), score -= 0.01);
        }
      }
    }
  }
}

void ProposeNames(const RuleContext& context) {
  const std::string name = UnknownName(context);
  if (name.empty() || IsKeyword(name)) return;
  NameRules(context, name).Propose();
  // 'geo::x' is unknown because `geo` is: the part in front may be the slip.
  for (const std::string& quoted : QuotedIn(context.error().message)) {
    const std::string scope = LastPart(NameOf(quoted).scope);
    if (!scope.empty() && scope != "std" && context.index.DeclaredIn(scope).empty()) {
      NameRules(context, scope).Propose();
    }
  }
}

}  // namespace coditect::repair
