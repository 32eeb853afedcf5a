// TOML text to a flat list of named values: the one file that includes toml++.
#include "src/app/config/toml_reader.h"

#include <algorithm>
#include <exception>
#include <tuple>
#include <utility>

#include "src/app/config/toml_guard.h"

#include "src/app/config/address.h"
#include "src/base/strings.h"

// toml++ 3.3 aborts on the input `[$` otherwise, although it goes on to report it well.
#define TOML_ASSERT(x) ((void)0)
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace coditect {
namespace {

constexpr size_t kDescriptionBytesMax = 300;

TomlPlace PlaceOf(const toml::source_region& source) {
  return {static_cast<int>(source.begin.line), static_cast<int>(source.begin.column)};
}

// A part of a name as TOML writes it: `agent` bare, `"my agent"` in quotes.
std::string NamePart(std::string_view part) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  if (!part.empty() && part.find_first_not_of(kPlain) == std::string_view::npos) {
    return std::string(part);
  }
  return QuoteForMessage(part);
}

TomlValue ListOf(const toml::array& array) {
  std::vector<std::string> texts;
  for (const toml::node& node : array) {
    const auto* text = node.as_string();
    if (text == nullptr) return TomlOther{"a list of something else than text"};
    texts.push_back(text->get());
  }
  return texts;
}

TomlValue ValueOf(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::boolean:
      return node.as_boolean()->get();
    case toml::node_type::integer:
      return node.as_integer()->get();
    case toml::node_type::string:
      return node.as_string()->get();
    case toml::node_type::array:
      return ListOf(*node.as_array());
    case toml::node_type::floating_point:
      return TomlOther{"a float"};
    case toml::node_type::table:
      return TomlOther{"a table"};
    default:
      return TomlOther{"a date or time"};
  }
}

// Depth is bounded by CheckTomlShape.
void Flatten(const toml::table& table, const std::string& prefix, std::vector<TomlEntry>& out) {
  for (auto&& [key, node] : table) {
    const std::string name = StrCat(prefix, NamePart(key.str()));
    const toml::table* inner = node.as_table();
    if (inner != nullptr && !inner->empty()) {
      Flatten(*inner, name + ".", out);
      continue;
    }
    out.push_back({.name = name,
                   .section = inner != nullptr,
                   .value = ValueOf(node),
                   .name_at = PlaceOf(key.source()),
                   .value_at = PlaceOf(node.source())});
  }
}

}  // namespace

StatusOr<std::vector<TomlEntry>> ReadToml(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
    text.remove_prefix(kByteOrderMark.size());
  }
  RETURN_IF_ERROR(CheckTomlShape(text, kTomlDepthMax));
  std::vector<TomlEntry> entries;
  try {
    Flatten(toml::parse(text), "", entries);
  } catch (const toml::parse_error& error) {
    const TomlPlace place = PlaceOf(error.source());
    const std::string description =
        EscapeForTerminal(RedactText(error.description().substr(0, kDescriptionBytesMax)));
    return InvalidArgument(place.line, ":", place.column, ": ", description, "; correct the TOML");
  } catch (const std::exception& error) {
    return InvalidArgument("1:1: ", EscapeForTerminal(error.what()), "; correct the TOML");
  }
  const auto order = [](const TomlEntry& entry) {
    return std::tuple(entry.name_at.line, entry.name_at.column);
  };
  std::sort(entries.begin(), entries.end(),
            [&](const TomlEntry& a, const TomlEntry& b) { return order(a) < order(b); });
  return entries;
}

}  // namespace coditect
