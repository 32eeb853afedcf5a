// Functions, enumerators and macros by what a file includes; members of classes.
#include "src/repair/declared_names.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "src/repair/compile_index.h"

namespace coditect::repair {
namespace {

constexpr size_t kFunctionsMax = 4000;
constexpr size_t kConstantsMax = 200;  // of one group

void AddFunctions(const CodeIndex& index, const std::set<size_t>& visible, DeclaredNames* out) {
  std::set<std::tuple<std::string, std::string, size_t, size_t>> seen;
  for (const FunctionText& function : index.functions()) {
    if (!visible.contains(function.file) || out->functions.size() >= kFunctionsMax) continue;
    const bool named =
        function.name.find_first_not_of(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string::npos;
    const size_t most = function.parameters.size();
    if (!named || function.name == function.owner) continue;
    if (!seen.emplace(function.name, function.owner, function.required(), most).second) continue;
    out->functions.push_back({function.name, function.owner, function.required(), most});
  }
}

/// Macros of one file whose names are equal up to the last underscore.
void AddMacros(const CodeText& code, DeclaredNames* out) {
  std::map<std::string, std::vector<std::string>> groups;
  for (const std::string& macro : code.macros()) {
    const size_t at = macro.rfind('_');
    if (at == std::string::npos || at == 0) continue;
    groups[macro.substr(0, at)].push_back(macro);
  }
  for (auto& [prefix, names] : groups) {
    if (names.size() > 1 && names.size() <= kConstantsMax)
      out->constants.push_back(std::move(names));
  }
}

/// Constants that the classes of a file hold (members of an enumeration), by class.
std::vector<std::vector<std::string>> ConstantsOfClasses(const SourceModel& model) {
  std::map<NodeId, std::vector<std::string>> groups;
  for (const analysis::Binding& binding : model.scope().bindings()) {
    if (model.tree().RoleOf(binding.scope) != Role::kClass || binding.value == kNoNode) continue;
    if (std::ranges::any_of(binding.name, [](char c) { return 'a' <= c && c <= 'z'; })) continue;
    groups[binding.scope].emplace_back(binding.name);
  }
  std::vector<std::vector<std::string>> out;
  for (auto& [scope, names] : groups) {
    if (names.size() > 1 && names.size() <= kConstantsMax) out.push_back(std::move(names));
  }
  return out;
}

DeclaredNames NamesAt(const CodeIndex& index, size_t file) {
  const std::set<size_t>& visible = index.Includes(file);
  DeclaredNames names;
  AddFunctions(index, visible, &names);
  for (const EnumText& one : index.enums()) {
    if (!visible.contains(one.file) || one.enumerators.size() > kConstantsMax) continue;
    names.constants.push_back(one.enumerators);
  }
  for (const size_t one : visible) AddMacros(index.files()[one], &names);
  return names;
}

}  // namespace

void DeclareNames(const std::vector<SourceText>& headers,
                  const std::vector<std::unique_ptr<SourceModel>>& models) {
  std::vector<CodeText> texts;
  std::set<std::string> taken;
  std::vector<std::vector<std::string>> of_classes;
  for (const auto& model : models) {
    if (model->language().form.braces) {
      texts.emplace_back(model->path(), model->tree().text());
      taken.insert(model->path());
    } else {
      for (auto& group : ConstantsOfClasses(*model)) of_classes.push_back(std::move(group));
    }
  }
  for (const SourceText& header : headers) {
    if (header.text.size() > kRepairFileBytesMax || !taken.insert(header.path).second) continue;
    texts.emplace_back(header.path, header.text);
  }
  const CodeIndex index(std::move(texts));
  for (const auto& model : models) {
    const size_t file = index.FileOf(model->path());
    model->Declare(file == kNoToken ? DeclaredNames{.functions = {}, .constants = of_classes}
                                    : NamesAt(index, file));
  }
}

double Likeness(std::string_view a, std::string_view b) {
  const size_t shorter = std::min(a.size(), b.size());
  if (shorter == 0) return 0;
  size_t head = 0;
  while (head < shorter && a[head] == b[head]) ++head;
  size_t tail = 0;
  while (tail < shorter - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;
  return static_cast<double>(head + tail) / static_cast<double>(std::max(a.size(), b.size()));
}

}  // namespace coditect::repair
