// Declarations and definitions that disagree, const, and what the linker does not find.
#include <algorithm>

#include "src/base/strings.h"
#include "src/repair/compile_rule.h"

namespace coditect::repair {
namespace {

constexpr double kSignatureLikeMin = 0.4;

std::string FirstName(const RuleContext& context, QualifiedName* name) {
  const std::vector<std::string> quoted = QuotedIn(context.error().message);
  if (quoted.empty()) return "";
  *name = NameOf(quoted[0]);
  return name->name;
}

bool SameOwner(const FunctionText& a, const FunctionText& b) {
  return LastPart(a.owner) == LastPart(b.owner);
}

void ProposePairs(const RuleContext& context, const std::string& name) {
  const bool declarations = context.space == CompileSpace::kDeclarations;
  for (const FunctionText& one : context.index.functions()) {
    for (const FunctionText& other : context.index.functions()) {
      const bool pair = !one.definition && other.definition && one.name == name &&
                        other.name == name && SameOwner(one, other);
      if (!pair) continue;
      context.Propose(AlignSignature(context.index, one, other),
                      StrCat("declare ", name, " as it is defined"), declarations ? 0.9 : 0.86);
      context.Propose(AlignSignature(context.index, other, one),
                      StrCat("define ", name, " as it is declared"), declarations ? 0.86 : 0.84);
    }
  }
}

/// The parameter's declarations in every header and definition of the function get `const`.
void ProposeConstParameter(const RuleContext& context) {
  for (const DiagnosticNote& note : context.error().notes) {
    const size_t at = note.message.find("argument ");
    if (at == std::string::npos) continue;
    const size_t number =
        static_cast<size_t>(std::max(0, std::atoi(note.message.c_str() + at + 9)));
    const std::vector<std::string> quoted = QuotedIn(note.message);
    if (number == 0 || quoted.empty()) continue;
    const QualifiedName name = NameOf(quoted.back());
    std::vector<SourceEdit> edits;
    for (const FunctionText& one : context.index.functions()) {
      if (one.name != name.name || one.parameters.size() < number) continue;
      const ParameterText& parameter = one.parameters[number - 1];
      if (!parameter.type.starts_with("const ")) {
        edits.push_back(Insert(context.index.files()[one.file], parameter.start, "const "));
      }
    }
    context.Propose(std::move(edits), StrCat("make argument ", number, " of ", name.name, " const"),
                    0.8);
  }
}

/// Every declaration of the member gets `const`.
void ProposeConstMember(const RuleContext& context) {
  std::vector<std::string> texts = {context.error().message};
  for (const DiagnosticNote& note : context.error().notes) texts.push_back(note.message);
  std::set<std::string> seen;
  for (const std::string& text : texts) {
    for (const std::string& quoted : QuotedIn(text)) {
      const QualifiedName name = NameOf(quoted);
      std::vector<SourceEdit> edits;
      for (const FunctionText& one : context.index.functions()) {
        if (one.name != name.name || one.owner.empty() || Contains(one.tail, "const")) continue;
        if (!name.scope.empty() && LastPart(one.owner) != LastPart(name.scope)) continue;
        edits.push_back(Insert(context.index.files()[one.file], one.close + 1, " const"));
      }
      if (edits.empty() || !seen.insert(name.name).second) continue;
      context.Propose(std::move(edits), StrCat("make ", name.name, " const"), 0.88);
    }
  }
}

/// The member function around the error changes what it says it does not.
void ProposeWithoutConst(const RuleContext& context) {
  const size_t file = context.index.FileOf(context.error().file);
  if (file == kNoToken) return;
  const CodeText& code = context.index.files()[file];
  const FunctionText* around = FunctionAround(
      context.index, file, code.Offset(context.error().line, context.error().column));
  if (around == nullptr || !Contains(around->tail, " const")) return;
  std::vector<SourceEdit> edits;
  for (const FunctionText& one : context.index.functions()) {
    if (one.name != around->name || !SameOwner(one, *around)) continue;
    if (!Contains(one.tail, " const")) continue;
    std::string tail = one.tail;
    tail.erase(tail.find(" const"), 6);
    edits.push_back(
        Replace(context.index.files()[one.file], one.close + 1, one.tail_end, std::move(tail)));
  }
  context.Propose(std::move(edits), StrCat("make ", around->name, " not const"), 0.6);
}

/// "char *p = s;" where `s` is const: the variable declared on the line.
void ProposeConstVariable(const RuleContext& context) {
  const size_t file = context.index.FileOf(context.error().file);
  if (file == kNoToken) return;
  const CodeText& code = context.index.files()[file];
  const size_t first = code.TokenAt(code.LineStart(context.error().line));
  if (first >= code.tokens().size() || code.tokens()[first].line != context.error().line) return;
  if (!code.IsName(first) || code.Is(first, "const") || code.Is(first, "return")) return;
  context.Propose({Insert(code, code.tokens()[first].start, "const ")}, "make it const", 0.7);
}

/// A function that is used under a name it is not defined by.
class LinkerRules {
 public:
  LinkerRules(const RuleContext& context, QualifiedName name)
      : context_(context), index_(context.index), name_(std::move(name)) {}

  void Propose() {
    for (const FunctionText& one : index_.functions()) {
      if (!one.definition) continue;
      if (one.name == name_.name) {
        Requalify(one);
      } else {
        Rename(one);
      }
    }
    ProposePairs(context_, name_.name);
    Uses();
  }

 private:
  const CodeText& CodeOf(const FunctionText& function) const {
    return index_.files()[function.file];
  }

  bool Declared(const FunctionText& function) const {
    return std::ranges::any_of(index_.functions(), [&](const FunctionText& one) {
      return !one.definition && one.name == function.name && SameOwner(one, function);
    });
  }

  /// A definition whose own name nobody declares.
  void Rename(const FunctionText& one) {
    const double likeness = NameLikeness(name_.name, one.name);
    if (likeness < kSignatureLikeMin || one.name == "main") return;
    const bool lonely = !Declared(one) && index_.Calls(one.name) == 0;
    const bool owner = LastPart(one.owner) == LastPart(name_.scope) || one.owner.empty();
    if (!owner) return;
    context_.Propose({Replace(CodeOf(one), one.last_start, one.name_end, name_.name)},
                     StrCat("define ", name_.name, " for ", one.name),
                     (lonely ? 0.6 : 0.3) + 0.35 * likeness);
  }

  /// The right name outside its namespace or class.
  void Requalify(const FunctionText& one) {
    if (name_.scope.empty() || one.scope == name_.scope) return;
    std::string missing = name_.scope;
    if (!one.scope.empty() && name_.scope.starts_with(one.scope + "::")) {
      missing = name_.scope.substr(one.scope.size() + 2);
    } else if (!one.scope.empty()) {
      return;
    }
    context_.Propose({Insert(CodeOf(one), one.last_start, missing + "::")},
                     StrCat("define ", name_.name, " in ", name_.scope), 0.9);
  }

  /// Calls, and the declarations they follow, take the name that is defined.
  void Uses() {
    const bool defined = std::ranges::any_of(index_.functions(), [&](const FunctionText& one) {
      return one.definition && one.name == name_.name;
    });
    if (defined) return;
    std::set<std::string> names;
    for (const FunctionText& one : index_.functions()) {
      if (one.definition && one.name != "main") names.insert(one.name);
    }
    std::vector<std::string> known(names.begin(), names.end());
    for (const std::string_view word : StandardNames(false)) known.emplace_back(word);
    for (const std::string& name : known) {
      const double likeness = NameLikeness(name_.name, name);
      if (likeness < 0.6) continue;
      std::vector<SourceEdit> edits;
      for (const CodeText& code : index_.files()) {
        for (size_t i = 0; i < code.tokens().size(); ++i) {
          if (code.IsName(i) && code.Text(i) == name_.name) {
            edits.push_back(ReplaceToken(code, i, name));
          }
        }
      }
      context_.Propose(std::move(edits), StrCat("write ", name, " for ", name_.name),
                       0.4 + 0.45 * likeness);
    }
  }

  const RuleContext& context_;
  const CodeIndex& index_;
  const QualifiedName name_;
};

/// Defined in a header, for every file that includes it.
void ProposeInline(const RuleContext& context, const QualifiedName& name) {
  for (const FunctionText& one : context.index.functions()) {
    const CodeText& code = context.index.files()[one.file];
    if (!one.definition || one.name != name.name || !IsHeaderPath(code.path())) continue;
    context.Propose({Insert(code, one.start, "inline ")}, StrCat("define ", one.name, " inline"),
                    0.9);
  }
}

}  // namespace

void ProposeSignatures(const RuleContext& context) {
  QualifiedName name;
  if (!context.SaysOneOf({"no declaration matches", "does not match any declaration in",
                          "conflicting types for", "conflicting declaration",
                          "ambiguating new declaration", "ambiguates old declaration",
                          "member function declared in class", "differ only in their return type",
                          "functions that differ only in", "prototype for"})) {
    return;
  }
  if (FirstName(context, &name).empty()) return;
  ProposePairs(context, name.name);
  if (!context.SaysOneOf({"no declaration matches", "member function declared in class",
                          "does not match any declaration in"})) {
    return;
  }
  // The definition's own name may be the slip.
  for (const FunctionText& one : context.index.functions()) {
    if (one.name == name.name || one.definition || LastPart(one.owner) != LastPart(name.scope)) {
      continue;
    }
    const double likeness = NameLikeness(name.name, one.name);
    if (likeness < kSignatureLikeMin) continue;
    for (const FunctionText& defined : context.index.functions()) {
      if (!defined.definition || defined.name != name.name || !SameOwner(defined, one)) continue;
      const bool used = context.index.Calls(one.name) > 0;
      context.Propose({Replace(context.index.files()[defined.file], defined.last_start,
                               defined.name_end, one.name)},
                      StrCat("define ", one.name, " for ", name.name),
                      (used ? 0.6 : 0.45) + 0.35 * likeness);
    }
  }
}

void ProposeConstness(const RuleContext& context) {
  if (context.SaysOneOf({"discards qualifiers", "function is not marked const"})) {
    ProposeConstMember(context);
  }
  if (context.SaysOneOf({"discards qualifiers", "invalid conversion from 'const",
                         "cannot bind non-const lvalue reference", "drops 'const' qualifier"})) {
    ProposeConstParameter(context);
    ProposeConstVariable(context);
  }
  if (context.Says("read-only object")) ProposeWithoutConst(context);
}

void ProposeDefinitions(const RuleContext& context) {
  QualifiedName name;
  if (!context.SaysOneOf({"undefined reference to", "multiple definition of"})) return;
  if (FirstName(context, &name).empty()) return;
  if (context.Says("multiple definition of")) {
    ProposeInline(context, name);
  } else {
    LinkerRules(context, name).Propose();
  }
}

}  // namespace coditect::repair
