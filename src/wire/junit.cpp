// JUnit XML.
#include "src/wire/junit.h"

#include <algorithm>

#include "src/base/strings.h"
#include "src/base/xml_reader.h"

namespace coditect::wire {
namespace {

Status NoJunit(const Status& status) {
  return InvalidArgument(Message(status), "; this is no JUnit XML");
}

std::string AttributeOf(const XmlPiece& piece, const char* name) {
  const auto found = piece.attributes.find(name);
  return found == piece.attributes.end() ? "" : found->second;
}

}  // namespace

StatusOr<std::vector<JunitCase>> ReadJunit(std::string_view xml) {
  XmlReader reader(xml);
  std::vector<JunitCase> cases;
  size_t case_depth = 0;  // of the open test case; 0 = none is open
  for (;;) {
    auto piece = reader.Next();
    if (!piece.ok()) return NoJunit(piece.status());
    if (piece->kind == XmlPiece::Kind::kDone) return cases;
    const size_t depth = reader.depth();
    if (piece->kind == XmlPiece::Kind::kEnd && depth < case_depth) case_depth = 0;
    if (piece->kind != XmlPiece::Kind::kBegin) continue;
    const std::string& name = piece->name;
    if (depth == 1 && name != "testsuites" && name != "testsuite") {
      return NoJunit(reader.Unexpected(name));
    }
    if (name == "testcase" && case_depth == 0) {
      if (cases.size() >= kJunitCasesMax) {
        return ResourceExhausted("more than ", kJunitCasesMax, " test cases");
      }
      cases.push_back({.class_name = AttributeOf(*piece, "classname"),
                       .name = AttributeOf(*piece, "name"),
                       .file = AttributeOf(*piece, "file")});
      case_depth = depth;
    } else if (case_depth > 0 && depth == case_depth + 1 &&
               (name == "failure" || name == "error")) {
      cases.back().failed = true;
    }
  }
}

std::vector<std::string> JunitIds(const JunitCase& test) {
  std::vector<std::string> ids;
  const std::vector<std::string> parts = Split(test.class_name, '.');
  // The first words of the class name are the file's path, the rest classes in it.
  for (size_t words = test.class_name.empty() ? 0 : parts.size(); words > 0; --words) {
    const std::vector<std::string> path(parts.begin(), parts.begin() + words);
    std::string id = Join(path, "/") + ".py";
    for (size_t i = words; i < parts.size(); ++i) id += "::" + parts[i];
    ids.push_back(StrCat(id, "::", test.name));
  }
  if (!test.file.empty()) ids.push_back(StrCat(test.file, "::", test.name));
  if (!test.class_name.empty()) ids.push_back(StrCat(test.class_name, ".", test.name));
  // A file that could not be collected is a test case without a class whose name is its module.
  if (test.class_name.empty()) {
    std::string file = test.name;
    std::replace(file.begin(), file.end(), '.', '/');
    ids.push_back(file + ".py");
  }
  ids.push_back(test.name);
  return ids;
}

}  // namespace coditect::wire
