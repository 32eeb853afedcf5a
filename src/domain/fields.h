// How a value describes itself, once, for every consumer (wire codec, JSON, tests).
//
// A message type declares
//   template <class Self, class Visitor> static void Fields(Self& self, Visitor&& visit) {
//     visit(1, "task_id", self.task_id);   // protobuf field number, protobuf name, the member
//   }
// Members are bool, 32 and 64 bit integers, std::string, TaskId and Role (text on the wire),
// enums with EnumNames, message types, std::vector of those, std::optional of a message, and
// std::map<std::string, std::string>. The numbers and names are those of proto/coditect/v1;
// wire/conformance_test compares them with the .proto files.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace coditect {

/// Names of an enum's values in order from 0, as in the .proto file. Specialise by
/// `constexpr auto EnumNames(MyEnum) { return std::array<std::string_view, N>{...}; }`.
template <typename Enum>
constexpr std::string_view EnumName(Enum value) {
  constexpr auto names = EnumNames(Enum{});
  const auto index = static_cast<size_t>(value);
  return index < names.size() ? names[index] : std::string_view("UNKNOWN");
}

}  // namespace coditect
