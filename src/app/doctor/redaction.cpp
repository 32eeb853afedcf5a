// What a diagnostic file may say.
#include "src/app/doctor/redaction.h"

#include <algorithm>
#include <cctype>

#include <nlohmann/json.hpp>

#include "src/app/config/address.h"
#include "src/base/strings.h"

namespace coditect {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kSecretBytesMin = 4;  // a shorter one would be found everywhere
constexpr size_t kListMax = 50;

bool IsWordByte(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

std::string ReplaceAll(const std::string& text, const std::string& from, const std::string& to,
                       bool whole_words) {
  std::string out;
  size_t at = 0;
  for (size_t found = text.find(from); found != std::string::npos;
       found = text.find(from, found + from.size())) {
    const size_t end = found + from.size();
    if (whole_words && ((found > 0 && IsWordByte(text[found - 1])) ||
                        (end < text.size() && IsWordByte(text[end])))) {
      continue;
    }
    out.append(text, at, found - at);
    out += to;
    at = end;
  }
  return out.append(text, at);
}

Json ShapeOf(const Json& value, const std::string& key, const std::vector<std::string>& known) {
  if (value.is_string()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) return value;
    return StrCat("[", Counted(value.get_ref<const std::string&>().size(), "byte"), "]");
  }
  if (value.is_array()) {
    Json out = Json::array();
    for (size_t i = 0; i < value.size() && i < kListMax; ++i) {
      out.push_back(ShapeOf(value[i], key, known));
    }
    return out;
  }
  if (!value.is_object()) return value;
  Json out = Json::object();
  for (const auto& [name, member] : value.items()) out[name] = ShapeOf(member, name, known);
  return out;
}

}  // namespace

bool NamesASecret(std::string_view variable) {
  std::string upper(variable);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  for (const char* part : {"KEY", "TOKEN", "SECRET", "PASS", "CREDENTIAL", "AUTH", "COOKIE",
                           "PRIVATE", "DSN", "CONNECTION"}) {
    if (Contains(upper, part)) return true;
  }
  return false;
}

Redaction::Redaction(const std::map<std::string, std::string>& environment,
                     std::vector<std::pair<std::string, std::string>> places, std::string user,
                     std::string host)
    : texts_(std::move(places)) {
  for (const auto& [name, value] : environment) {
    if (NamesASecret(name) && value.size() >= kSecretBytesMin) {
      texts_.emplace_back(value, "[secret]");
    }
  }
  std::erase_if(texts_, [](const auto& text) { return text.first.size() < 2; });
  std::sort(texts_.begin(), texts_.end(),
            [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
  if (!user.empty() && user != "root") words_.emplace_back(std::move(user), "[user]");
  if (!host.empty() && host != "localhost") words_.emplace_back(std::move(host), "[host]");
}

std::string Redaction::Apply(std::string text) const {
  for (const auto& [from, to] : texts_) text = ReplaceAll(text, from, to, /*whole_words=*/false);
  for (const auto& [from, to] : words_) text = ReplaceAll(text, from, to, /*whole_words=*/true);
  return RedactText(text);
}

std::string ShapeOfJson(const std::string& json, const std::vector<std::string>& known) {
  const Json value = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) return "null";
  return ShapeOf(value, "", known).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace coditect
