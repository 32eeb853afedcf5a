// Members that a type does not have, and `.` where `->` belongs.
#include <algorithm>
#include <map>

#include "src/base/strings.h"
#include "src/repair/compile_rule.h"

namespace coditect::repair {
namespace {

constexpr double kMemberLikeMin = 0.5;
constexpr size_t kMembersMax = 8;

struct MissingMember {
  std::string name;
  std::string type;  // as the message calls it: "struct shape", "std::vector<int>"
};

/// "'class S' has no member named 'x'"; "no member named 'x' in 'S'"; "no 'int S::x()' member
/// function declared in class 'S'"; "no declaration matches 'int S::x()'".
MissingMember MemberIn(const RuleContext& context) {
  const std::vector<std::string> quoted = QuotedIn(context.error().message);
  if (quoted.empty()) return {};
  if (context.Says("has no member named")) {
    return quoted.size() < 2 ? MissingMember{} : MissingMember{quoted.back(), quoted[0]};
  }
  if (context.Says("no member named")) {
    return quoted.size() < 2 ? MissingMember{} : MissingMember{quoted[0], quoted[1]};
  }
  if (context.SaysOneOf({"no declaration matches", "member function declared in class",
                         "does not match any declaration in", "is not a member of"})) {
    const QualifiedName name = NameOf(quoted[0]);
    return {name.name, name.scope.empty() && quoted.size() > 1 ? quoted.back() : name.scope};
  }
  return {};
}

const TypeText* FindType(const CodeIndex& index, const std::string& name) {
  for (const TypeText& type : index.types()) {
    if (type.name == name && type.close != 0) return &type;
  }
  return nullptr;
}

/// Behind `public:`, else in front of the end.
SourceEdit InsertMember(const CodeIndex& index, const TypeText& type, const std::string& text) {
  const CodeText& code = index.files()[type.file];
  const size_t open = code.TokenAt(type.open);
  for (size_t i = open + 1; i < code.tokens().size() && code.tokens()[i].start < type.close; ++i) {
    if (code.Is(i, "{") && code.Match(i) != kNoToken) i = code.Match(i);
    if (code.Is(i, "public") && code.Is(i + 1, ":")) {
      return Insert(code, code.tokens()[i + 1].end, StrCat("\n  ", text));
    }
  }
  const uint32_t line = code.tokens()[code.TokenAt(type.close)].line;
  const bool alone = TrimWhitespace(code.Line(line)).starts_with("}");
  return alone ? Insert(code, code.LineStart(line), StrCat("  ", text, "\n"))
               : Insert(code, type.close, StrCat(text, " "));
}

class MemberRules {
 public:
  MemberRules(const RuleContext& context, const MissingMember& missing)
      : context_(context),
        index_(context.index),
        name_(missing.name),
        type_name_(NameOf(missing.type).name),
        smart_(Contains(missing.type, "_ptr<")),
        type_(FindType(index_, type_name_)),
        places_(PlacesOf(context, name_)) {}

  void Propose() {
    Slips();
    Renames();
    Undeclared();
    if (smart_) Dereference();
  }

 private:
  void ReplaceMember(const std::string& by, double score) {
    std::vector<SourceEdit> edits;
    for (const NamePlace& place : places_) {
      edits.push_back(ReplaceToken(index_.files()[place.file], place.token, by));
    }
    context_.Propose(std::move(edits), StrCat("write ", by, " for ", name_), score);
  }

  void Slips() {
    std::map<std::string, double> alike;
    const auto consider = [&](std::string_view candidate, double bonus) {
      const double likeness = NameLikeness(name_, candidate);
      if (candidate == name_ || likeness < kMemberLikeMin) return;
      double& best = alike[std::string(candidate)];
      best = std::max(best, likeness + bonus);
    };
    for (const TypeText& type : index_.types()) {
      for (const std::string& member : type.members) {
        consider(member, type.name == type_name_ ? 0.08 : 0);
      }
    }
    if (type_ == nullptr) {
      for (const std::string_view member : StandardMembers()) consider(member, 0.08);
    }
    std::vector<std::pair<double, std::string>> best;
    for (const auto& [member, likeness] : alike) best.emplace_back(likeness, member);
    std::ranges::sort(best, std::greater<>());
    if (best.size() > kMembersMax) best.resize(kMembersMax);
    for (const auto& [likeness, member] : best) ReplaceMember(member, 0.5 + 0.35 * likeness);
  }

  /// A declaration in the type whose name nobody uses and nobody defines, while the missing one
  /// is defined; or the definition of a name that nobody declares.
  void Renames() {
    const FunctionText* defined = nullptr;
    for (const FunctionText& one : index_.functions()) {
      if (one.definition && one.name == name_ && LastPart(one.owner) == type_name_) defined = &one;
    }
    for (const FunctionText& one : index_.functions()) {
      if (one.name == name_ || one.owner != type_name_) continue;
      const double likeness = NameLikeness(name_, one.name);
      const bool body = std::ranges::any_of(index_.functions(), [&](const FunctionText& other) {
        return other.definition && other.name == one.name && LastPart(other.owner) == type_name_;
      });
      const bool orphan = index_.Calls(one.name) == 0;
      if (!orphan || likeness < 0.25) continue;
      const bool declarations = context_.space == CompileSpace::kDeclarations;
      std::vector<SourceEdit> edits;
      for (const FunctionText& other : index_.functions()) {
        if (other.name == one.name && LastPart(other.owner) == type_name_) {
          edits.push_back(
              Replace(index_.files()[other.file], other.last_start, other.name_end, name_));
        }
      }
      const double score = defined != nullptr && !body ? 0.965 : declarations ? 0.9 : 0.5;
      context_.Propose(std::move(edits), StrCat("rename ", one.name, " to ", name_),
                       score * (0.7 + 0.3 * likeness));
    }
  }

  /// It is defined behind the type, but the type does not declare it.
  void Undeclared() {
    if (type_ == nullptr) return;
    for (const FunctionText& one : index_.functions()) {
      if (!one.definition || one.name != name_ || LastPart(one.owner) != type_name_) continue;
      const bool declared = std::ranges::find(type_->members, name_) != type_->members.end();
      context_.Propose(
          {InsertMember(index_, *type_, PrototypeOf(index_.files()[one.file], one, false))},
          StrCat("declare ", name_, " in ", type_name_), declared ? 0.55 : 0.72);
    }
  }

  void Dereference() {
    std::vector<SourceEdit> edits;
    for (const NamePlace& place : places_) {
      const CodeText& code = index_.files()[place.file];
      if (place.token > 0 && code.Is(place.token - 1, ".")) {
        edits.push_back(ReplaceToken(code, place.token - 1, "->"));
      }
    }
    context_.Propose(std::move(edits), "write -> for .", 0.9);
  }

  const RuleContext& context_;
  const CodeIndex& index_;
  const std::string name_;
  const std::string type_name_;
  const bool smart_;
  const TypeText* type_;
  const std::vector<NamePlace> places_;
};

/// `.` and `->` mistaken for each other.
void ProposeArrows(const RuleContext& context) {
  std::string from;
  if (context.SaysOneOf({"which is of pointer type", "is a pointer; did you mean to use '->'"})) {
    from = ".";
  } else if (context.SaysOneOf({"base operand of '->' has non-pointer type",
                                "invalid type argument of '->'", "is not a pointer; did you"})) {
    from = "->";
  }
  if (from.empty()) return;
  const std::string by = from == "." ? "->" : ".";
  std::vector<SourceEdit> all;
  for (const Diagnostic& error : context.group.errors) {
    const size_t file = context.index.FileOf(error.file);
    if (file == kNoToken) continue;
    const CodeText& code = context.index.files()[file];
    const uint32_t offset = code.Offset(error.line, error.column);
    size_t best = kNoToken;
    for (size_t i = code.TokenAt(code.LineStart(error.line));
         i < code.tokens().size() && code.tokens()[i].line == error.line; ++i) {
      if (!code.Is(i, from)) continue;
      context.Propose({ReplaceToken(code, i, by)}, StrCat("write ", by, " for ", from), 0.7);
      if (best == kNoToken || code.tokens()[i].start <= offset) best = i;
    }
    if (best != kNoToken) all.push_back(ReplaceToken(code, best, by));
  }
  context.Propose(std::move(all), StrCat("write ", by, " for ", from), 0.9);
}

}  // namespace

void ProposeMembers(const RuleContext& context) {
  ProposeArrows(context);
  const MissingMember missing = MemberIn(context);
  if (!missing.name.empty()) MemberRules(context, missing).Propose();
}

}  // namespace coditect::repair
