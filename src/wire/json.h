// JSON for every value that declares Fields: objects with the protobuf field names.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "src/domain/fields.h"
#include "src/domain/ids.h"
#include "src/domain/task.h"
#include "src/wire/codec.h"

namespace coditect::wire {

/// `text` as a JSON string with its quotes; invalid UTF-8 becomes U+FFFD.
void AppendJsonString(std::string& out, std::string_view text);

/// Appends `"name":value` pairs; defaults are left out but for those asked for by name.
class JsonFields {
 public:
  explicit JsonFields(std::string& out, bool first = true) : out_(out), first_(first) {}

  template <typename T>
  void operator()(uint32_t, const char* name, const T& value) {
    if (!IsDefault(value)) Field(name, value);
  }

  template <typename T>
  void Field(std::string_view name, const T& value) {
    if (!first_) out_ += ',';
    first_ = false;
    AppendJsonString(out_, name);
    out_ += ':';
    Value(value);
  }

 private:
  template <typename T>
  static bool IsDefault(const T& value) {
    if constexpr (HasFields<T>) {
      return false;
    } else if constexpr (requires { value.empty(); }) {
      return value.empty();
    } else {
      return value == T{};
    }
  }
  template <typename T>
  static bool IsDefault(const std::optional<T>& value) {
    return !value.has_value();
  }

  template <typename T>
  void Value(const T& value) {
    if constexpr (std::is_convertible_v<T, std::string_view>) {
      AppendJsonString(out_, value);
    } else if constexpr (std::is_same_v<T, TaskId>) {
      AppendJsonString(out_, value.ToString());
    } else if constexpr (std::is_same_v<T, Role>) {
      AppendJsonString(out_, RoleName(value));
    } else if constexpr (std::is_enum_v<T>) {
      AppendJsonString(out_, EnumName(value));
    } else if constexpr (std::is_same_v<T, bool>) {
      out_ += value ? "true" : "false";
    } else if constexpr (std::is_arithmetic_v<T>) {
      out_ += std::to_string(value);
    } else {
      out_ += '{';
      T::Fields(value, JsonFields(out_));
      out_ += '}';
    }
  }
  template <typename T>
  void Value(const std::optional<T>& value) {
    Value(*value);
  }
  template <typename T>
  void Value(const std::vector<T>& values) {
    out_ += '[';
    for (size_t i = 0; i < values.size(); ++i) {
      if (i > 0) out_ += ',';
      Value(values[i]);
    }
    out_ += ']';
  }
  void Value(const std::map<std::string, std::string>& values) {
    out_ += '{';
    JsonFields fields(out_);
    for (const auto& [key, value] : values) fields.Field(key, value);
    out_ += '}';
  }

  std::string& out_;
  bool first_;
};

template <HasFields T>
std::string ToJson(const T& value) {
  std::string out = "{";
  T::Fields(value, JsonFields(out));
  return out + "}";
}

}  // namespace coditect::wire
