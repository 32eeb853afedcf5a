// What a diagnostic file may say: no secret, no path of a home, no name of a person or machine.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coditect {

/// Whether a variable of this name usually holds a secret: "API_KEY", "GITHUB_TOKEN", …
bool NamesASecret(std::string_view variable);

/// Replaces, in text of ours, what belongs to the person.
class Redaction {
 public:
  /// `places`: paths with the word that stands for each, "[repository]". `user`, `host`: names, ""
  /// for none; a user called root has no name to hide.
  Redaction(const std::map<std::string, std::string>& environment,
            std::vector<std::pair<std::string, std::string>> places, std::string user,
            std::string host);

  std::string Apply(std::string text) const;

 private:
  std::vector<std::pair<std::string, std::string>> texts_;  // wherever they stand; longest first
  std::vector<std::pair<std::string, std::string>> words_;  // where no letter or digit is beside
};

/// `json` with its numbers, truth values and keys, and of its texts only those that `known` names
/// as words of ours; of the others the size. Lists are cut after 50 entries. What is no JSON is
/// "null".
std::string ShapeOfJson(const std::string& json, const std::vector<std::string>& known);

}  // namespace coditect
