// Calls whose arguments do not fit what is called any more.
#include <algorithm>

#include "src/base/strings.h"
#include "src/repair/compile_rule.h"

namespace coditect::repair {
namespace {

constexpr size_t kPassedMax = 12;  // arguments of a call that is looked at
constexpr size_t kValuesMax = 4;   // that are tried in one place

/// The function the error is about: of 'int geo::area(int, int)' it is `area`.
std::string CalledName(const RuleContext& context) {
  if (!context.SaysOneOf({"too few arguments", "too many arguments", "no matching function",
                          "no matching member function", "no matching constructor",
                          "incompatible type for argument", "cannot convert", "invalid conversion",
                          "no known conversion"})) {
    return "";
  }
  for (const std::string& quoted : QuotedIn(context.error().message)) {
    if (Contains(quoted, "(") || context.Says("arguments to function") ||
        context.Says("no matching") || context.Says("for argument") ||
        context.Says("type for argument")) {
      const std::string name = NameOf(quoted).name;
      if (!name.empty() && !IsKeyword(name) && !context.Says("cannot convert '")) return name;
    }
  }
  // The message names types; a note the function: "initializing argument 2 of 'int area(int)'".
  for (const DiagnosticNote& note : context.error().notes) {
    if (!Contains(note.message, "argument")) continue;
    for (const std::string& quoted : QuotedIn(note.message)) {
      if (Contains(quoted, "(")) return NameOf(quoted).name;
    }
  }
  const std::vector<std::string> quoted = QuotedIn(context.error().message);
  return quoted.empty() ? "" : NameOf(quoted.back()).name;
}

bool HasCall(std::string_view text) { return Contains(text, "("); }

class ArgumentRules {
 public:
  ArgumentRules(const RuleContext& context, const std::string& name)
      : context_(context), index_(context.index), places_(PlacesOf(context, name)) {
    for (const FunctionText& one : index_.functions()) {
      if (one.name == name) functions_.push_back(&one);
    }
  }

  void Propose() {
    for (const FunctionText* function : functions_) {
      if (places_.empty()) break;
      Fit(*function);
    }
    Disagreements();
    if (functions_.empty()) Swaps();
  }

 private:
  struct Call {
    const CodeText* code = nullptr;
    size_t file = 0;
    size_t open = 0;
    std::vector<std::pair<uint32_t, uint32_t>> arguments;
  };

  std::vector<Call> Calls() const {
    std::vector<Call> calls;
    for (const NamePlace& place : places_) {
      const CodeText& code = index_.files()[place.file];
      if (!code.Is(place.token + 1, "(")) continue;
      Call call{&code, place.file, place.token + 1, ArgumentsOf(code, place.token + 1)};
      if (call.arguments.size() <= kPassedMax) calls.push_back(std::move(call));
    }
    return calls;
  }

  void Fit(const FunctionText& function) {
    const std::vector<Call> calls = Calls();
    if (calls.empty()) return;
    const size_t passed = calls[0].arguments.size();
    if (passed < function.required()) Add(function, calls, passed);
    if (passed > function.parameters.size()) Drop(calls, passed, function);
    if (passed >= 2) Swaps();
  }

  static SourceEdit InsertArgument(const Call& call, size_t place, const std::string& value) {
    const auto& arguments = call.arguments;
    if (arguments.empty()) return Insert(*call.code, call.code->tokens()[call.open].end, value);
    if (place >= arguments.size()) {
      return Insert(*call.code, arguments.back().second, ", " + value);
    }
    return Insert(*call.code, arguments[place].first, value + ", ");
  }

  /// What could be passed for `parameter` at the call: names of the function around, a default.
  std::vector<std::string> ValuesFor(const ParameterText& parameter, const Call& call) const {
    std::vector<std::pair<double, std::string>> ranked;
    const uint32_t offset = call.code->tokens()[call.open].start;
    const FunctionText* around = FunctionAround(index_, call.file, offset);
    if (around != nullptr) {
      for (const ParameterText& one : around->parameters) {
        if (one.name.empty()) continue;
        ranked.emplace_back((one.name == parameter.name ? 2 : 0) +
                                (one.type == parameter.type ? 1 : 0) +
                                NameLikeness(one.name, parameter.name),
                            one.name);
      }
      for (size_t i = call.code->TokenAt(around->open);
           i < call.code->tokens().size() && call.code->tokens()[i].start < offset; ++i) {
        if (!parameter.name.empty() && call.code->IsName(i) &&
            call.code->Text(i) == parameter.name) {
          ranked.emplace_back(2, parameter.name);
        }
      }
    }
    std::ranges::sort(ranked, std::greater<>());
    std::vector<std::string> values;
    const auto add = [&](std::string value) {
      if (std::ranges::find(values, value) == values.end()) values.push_back(std::move(value));
    };
    for (const auto& [rank, name] : ranked) {
      if (rank >= 1 && values.size() + 1 < kValuesMax) add(name);
    }
    add(DefaultOf(parameter.type));
    return values;
  }

  static std::string DefaultOf(const std::string& type) {
    if (Contains(type, "*")) return "0";
    if (Contains(type, "bool")) return "false";
    if (Contains(type, "string")) return "\"\"";
    if (Contains(type, "int") || Contains(type, "long") || Contains(type, "size_t") ||
        Contains(type, "char") || Contains(type, "short") || Contains(type, "unsigned")) {
      return "0";
    }
    if (Contains(type, "double") || Contains(type, "float")) return "0.0";
    return "{}";
  }

  void Add(const FunctionText& function, const std::vector<Call>& calls, size_t passed) {
    const size_t missing = function.required() - passed;
    if (missing > 2) return;
    if (missing == 2) {
      std::vector<SourceEdit> edits;
      for (const Call& call : calls) {
        std::string text;
        for (size_t i = passed; i < function.required(); ++i) {
          text += (i > passed ? ", " : "") + ValuesFor(function.parameters[i], call)[0];
        }
        edits.push_back(InsertArgument(call, passed, text));
      }
      context_.Propose(std::move(edits), StrCat("pass what ", function.name, " needs"), 0.5);
      return;
    }
    for (size_t back = 0; back <= passed; ++back) {
      const size_t place = passed - back;
      const ParameterText& parameter = function.parameters[place];
      for (size_t rank = 0; rank < kValuesMax; ++rank) {
        std::vector<SourceEdit> edits;
        std::string shown;
        bool named = false;
        for (const Call& call : calls) {
          const std::vector<std::string> values = ValuesFor(parameter, call);
          if (rank >= values.size()) continue;
          shown = values[rank];
          named |= shown == parameter.name;
          edits.push_back(InsertArgument(call, place, shown));
        }
        if (edits.size() < calls.size()) break;
        const double score = (named ? 0.9 : 0.7) - 0.04 * static_cast<double>(back) -
                             0.05 * static_cast<double>(rank);
        context_.Propose(std::move(edits), StrCat("pass ", shown, " to ", function.name), score);
      }
    }
  }

  void Drop(const std::vector<Call>& calls, size_t passed, const FunctionText& function) {
    for (size_t back = 0; back < passed; ++back) {
      const size_t place = passed - 1 - back;
      std::vector<SourceEdit> edits;
      for (const Call& call : calls) {
        if (call.arguments.size() != passed) continue;
        const auto [start, end] = call.arguments[place];
        if (HasCall(call.code->text().substr(start, end - start))) continue;
        if (place > 0) {
          edits.push_back(Replace(*call.code, call.arguments[place - 1].second, end, ""));
        } else {
          const uint32_t next = passed > 1 ? call.arguments[1].first : end;
          edits.push_back(Replace(*call.code, start, next, ""));
        }
      }
      context_.Propose(std::move(edits),
                       StrCat("pass no argument ", place + 1, " to ", function.name),
                       0.68 - 0.04 * static_cast<double>(back));
    }
  }

  void Swaps() {
    for (const Call& call : Calls()) {
      for (size_t i = 0; i + 1 < call.arguments.size(); ++i) {
        for (size_t j = i + 1; j < call.arguments.size(); ++j) {
          const auto [a, a_end] = call.arguments[i];
          const auto [b, b_end] = call.arguments[j];
          const std::string left = call.code->text().substr(a, a_end - a);
          const std::string right = call.code->text().substr(b, b_end - b);
          if (left == right) continue;
          context_.Propose(
              {Replace(*call.code, a, a_end, right), Replace(*call.code, b, b_end, left)},
              StrCat("swap arguments ", i + 1, " and ", j + 1), 0.55 - 0.02 * double(j - i));
        }
      }
    }
  }

  /// The declaration says something else than the definition: the callers may be right.
  void Disagreements() {
    for (const FunctionText* one : functions_) {
      for (const FunctionText* other : functions_) {
        if (one->definition || !other->definition || one->owner != LastPart(other->owner)) continue;
        const bool more = context_.space == CompileSpace::kDeclarations;
        context_.Propose(AlignSignature(index_, *one, *other),
                         StrCat("declare ", one->name, " as it is defined"), more ? 0.97 : 0.94);
        context_.Propose(AlignSignature(index_, *other, *one),
                         StrCat("define ", one->name, " as it is declared"), more ? 0.8 : 0.6);
      }
    }
    if (context_.space == CompileSpace::kDeclarations) Defaults();
  }

  /// Callers that pass less than they have to are right when the last parameter has a default.
  void Defaults() {
    for (const FunctionText* one : functions_) {
      if (one->parameters.empty() || !IsCpp(index_, one->file)) continue;
      const ParameterText& last = one->parameters.back();
      if (last.has_default) continue;
      const bool declared =
          std::ranges::any_of(functions_, [](const FunctionText* f) { return !f->definition; });
      if (one->definition && declared) continue;
      context_.Propose(
          {Insert(index_.files()[one->file], last.end, StrCat(" = ", DefaultOf(last.type)))},
          StrCat("give ", one->name, " a default"), 0.66);
    }
  }

  const RuleContext& context_;
  const CodeIndex& index_;
  const std::vector<NamePlace> places_;
  std::vector<const FunctionText*> functions_;
};

}  // namespace

void ProposeArguments(const RuleContext& context) {
  const std::string name = CalledName(context);
  if (!name.empty()) ArgumentRules(context, name).Propose();
}

}  // namespace coditect::repair
