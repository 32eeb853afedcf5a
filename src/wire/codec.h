// Protobuf wire format for every value that declares Fields (domain/fields.h).
//
// The bytes are those the protobuf library writes for the messages of proto/coditect/v1
// (conformance_test compares both ways); one field table per value serves this codec, the JSON
// writer and the tests, and no second set of generated classes has to be converted (ADR-0003).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "src/base/status.h"
#include "src/domain/ids.h"
#include "src/domain/task.h"

namespace coditect::wire {

struct IgnoreFields {
  template <typename T>
  void operator()(uint32_t, const char*, T&) {}
};
template <typename T>
concept HasFields = requires(T& value) { T::Fields(value, IgnoreFields{}); };

inline constexpr uint32_t kVarint = 0;
inline constexpr uint32_t kBytes = 2;

inline void AppendVarint(std::string& out, uint64_t value) {
  if (value < 0x80) {
    out += static_cast<char>(value);
    return;
  }
  char bytes[10];
  size_t count = 0;
  for (; value >= 0x80; value >>= 7) bytes[count++] = static_cast<char>(value | 0x80);
  bytes[count++] = static_cast<char>(value);
  out.append(bytes, count);
}

/// Appends fields to a string. Fields that hold their default are left out, as proto3 does.
class Encoder {
 public:
  explicit Encoder(std::string& out) : out_(out) {}

  template <typename T>
  void operator()(uint32_t number, const char*, const T& value) {
    Field(number, value);
  }

  /// Writes one value as an element: also when it is the default.
  template <typename T>
  void Element(uint32_t number, const T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
      Bytes(number, value);
    } else if constexpr (std::is_same_v<T, TaskId>) {
      Bytes(number, value ? value.ToString() : std::string());
    } else if constexpr (std::is_same_v<T, Role>) {
      Bytes(number, RoleName(value));
    } else if constexpr (std::is_enum_v<T> || std::is_integral_v<T>) {
      AppendVarint(out_, (number << 3) | kVarint);
      AppendVarint(out_, ToVarint(value));
    } else {
      static_assert(HasFields<T>);
      Nested(number, [&](std::string& out) { T::Fields(value, Encoder(out)); });
    }
  }

  /// Writes a length-delimited field whose content `write` appends.
  template <typename Write>
  void Nested(uint32_t number, Write&& write) {
    AppendVarint(out_, (number << 3) | kBytes);
    const size_t length_at = out_.size();
    out_ += '\0';  // most nested messages are shorter than 128 bytes: one byte of length
    write(out_);
    const size_t length = out_.size() - length_at - 1;
    if (length < 0x80) {
      out_[length_at] = static_cast<char>(length);
    } else {
      std::string prefix;
      AppendVarint(prefix, length);
      out_.replace(length_at, 1, prefix);
    }
  }

  void Bytes(uint32_t number, std::string_view value) {
    AppendVarint(out_, (number << 3) | kBytes);
    AppendVarint(out_, value.size());
    out_ += value;
  }

 private:
  template <typename T>
  static uint64_t ToVarint(T value) {
    return static_cast<uint64_t>(static_cast<int64_t>(value));
  }

  template <typename T>
  void Field(uint32_t number, const T& value) {
    if constexpr (HasFields<T>) {
      Nested(number, [&](std::string& out) { T::Fields(value, Encoder(out)); });
    } else if (value != T{}) {
      Element(number, value);
    }
  }
  template <typename T>
  void Field(uint32_t number, const std::optional<T>& value) {
    if (value.has_value()) Element(number, *value);
  }
  template <typename T>
  void Field(uint32_t number, const std::vector<T>& values) {
    Repeated<T>(number, values);
  }
  template <typename T>
  void Field(uint32_t number, const std::set<T>& values) {
    Repeated<T>(number, values);
  }
  template <size_t size>
  void Field(uint32_t number, const std::array<uint32_t, size>& values) {
    if (values != std::array<uint32_t, size>{}) Repeated<uint32_t>(number, values);
  }
  template <typename T, typename Container>
  void Repeated(uint32_t number, const Container& values) {
    if constexpr (std::is_same_v<T, Role> || std::is_same_v<T, TaskId> ||
                  std::is_same_v<T, std::string> || HasFields<T>) {
      for (const T& value : values) Element(number, value);
    } else if (!values.empty()) {
      Nested(number, [&](std::string& out) {
        for (const T& value : values) AppendVarint(out, ToVarint(value));
      });
    }
  }
  void Field(uint32_t number, const std::map<std::string, std::string>& values) {
    for (const auto& [key, value] : values) {
      Nested(number, [&](std::string& out) {
        Encoder entry(out);
        entry.Bytes(1, key);
        entry.Bytes(2, value);
      });
    }
  }
  template <typename Enum>
  void Field(uint32_t number, const std::map<Enum, uint32_t>& values) {
    for (const auto& [key, value] : values) {
      Nested(number, [&](std::string& out) {
        Encoder entry(out);
        entry.Element(1, key);
        entry.Element(2, value);
      });
    }
  }

  std::string& out_;
};

/// Reads the fields of one message. Never reads past the end, whatever the bytes are.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool AtEnd() const { return rest_.empty(); }
  bool ReadVarint(uint64_t* value) {
    if (rest_.empty() || static_cast<unsigned char>(rest_.front()) >= 0x80) {
      return ReadLongVarint(value);
    }
    *value = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return true;
  }
  bool ReadBytes(std::string_view* value) {
    uint64_t length = 0;
    if (!ReadVarint(&length) || length > rest_.size()) return false;
    *value = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return true;
  }
  /// False at malformed tags (field number 0, groups).
  bool ReadTag(uint32_t* number, uint32_t* type) {
    uint64_t tag = 0;
    if (!ReadVarint(&tag) || tag > UINT32_MAX) return false;
    *number = static_cast<uint32_t>(tag >> 3);
    *type = static_cast<uint32_t>(tag & 7);
    return *number != 0;
  }
  /// Steps over a field of an unknown number.
  bool Skip(uint32_t type);

 private:
  bool ReadLongVarint(uint64_t* value);

  std::string_view rest_;
};

inline constexpr int kDepthMax = 32;

/// Decodes one message into `value`, which holds its defaults. False when malformed.
template <typename T>
bool DecodeMessage(std::string_view bytes, T* value, int depth);

/// Takes the one field that was read; a visitor over all fields of the message.
class FieldDecoder {
 public:
  FieldDecoder(uint32_t number, uint32_t type, uint64_t varint, std::string_view bytes, int depth)
      : number_(number), type_(type), varint_(varint), bytes_(bytes), depth_(depth) {}

  template <typename T>
  void operator()(uint32_t number, const char*, T& value) {
    if (number == number_ && ok) ok = Take(value);
  }

  bool ok = true;

 private:
  template <typename T>
  bool TakeElement(T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
      value.assign(bytes_);
      return type_ == kBytes;
    } else if constexpr (std::is_same_v<T, TaskId>) {
      return type_ == kBytes && (bytes_.empty() || TaskId::Parse(bytes_, &value));
    } else if constexpr (std::is_same_v<T, Role>) {
      value = ParseRole(bytes_);
      return type_ == kBytes;
    } else if constexpr (std::is_enum_v<T>) {
      if (varint_ >= EnumNames(T{}).size()) return false;
      value = static_cast<T>(varint_);
      return type_ == kVarint;
    } else if constexpr (std::is_integral_v<T>) {
      value = static_cast<T>(varint_);
      return type_ == kVarint;
    } else {
      return type_ == kBytes && DecodeMessage(bytes_, &value, depth_ + 1);
    }
  }

  template <typename T>
  bool Take(T& value) {
    return TakeElement(value);
  }
  template <typename T>
  bool Take(std::optional<T>& value) {
    return TakeElement(value.emplace());
  }
  template <typename T>
  bool Take(std::vector<T>& values) {
    if constexpr ((std::is_enum_v<T> && !std::is_same_v<T, Role>) || std::is_integral_v<T>) {
      if (type_ == kBytes) return TakePacked(values);
    }
    return TakeElement(values.emplace_back());
  }
  template <typename T>
  bool TakePacked(std::vector<T>& values) {
    Reader reader(bytes_);
    const auto bytes = bytes_;
    type_ = kVarint;
    while (!reader.AtEnd()) {
      if (!reader.ReadVarint(&varint_) || !TakeElement(values.emplace_back())) return false;
    }
    bytes_ = bytes;
    return true;
  }
  template <typename T>
  bool Take(std::set<T>& values) {
    T value{};
    if (!TakeElement(value)) return false;
    values.insert(std::move(value));
    return true;
  }
  template <size_t size>
  bool Take(std::array<uint32_t, size>& values) {
    std::vector<uint32_t> list;
    if (!Take(list) || list.size() > size) return false;
    std::copy(list.begin(), list.end(), values.begin());
    return true;
  }
  bool Take(std::map<std::string, std::string>& values);
  template <typename Enum>
  bool Take(std::map<Enum, uint32_t>& values) {
    struct Entry {
      Enum key{};
      uint32_t value = 0;
      static void Fields(Entry& self, FieldDecoder& visit) {
        visit(1, "key", self.key);
        visit(2, "value", self.value);
      }
    };
    Entry entry;
    if (type_ != kBytes || !DecodeMessage(bytes_, &entry, depth_ + 1)) return false;
    values[entry.key] = entry.value;
    return true;
  }

  const uint32_t number_;
  uint32_t type_;
  uint64_t varint_;
  std::string_view bytes_;
  const int depth_;
};

template <typename T>
bool DecodeMessage(std::string_view bytes, T* value, int depth) {
  if (depth > kDepthMax) return false;
  Reader reader(bytes);
  while (!reader.AtEnd()) {
    uint32_t number = 0;
    uint32_t type = 0;
    uint64_t varint = 0;
    std::string_view field;
    if (!reader.ReadTag(&number, &type)) return false;
    if (type == kVarint) {
      if (!reader.ReadVarint(&varint)) return false;
    } else if (type == kBytes) {
      if (!reader.ReadBytes(&field)) return false;
    } else if (!reader.Skip(type)) {
      return false;
    } else {
      continue;  // no field of ours has a fixed-width type
    }
    FieldDecoder decoder(number, type, varint, field, depth);
    T::Fields(*value, decoder);
    if (!decoder.ok) return false;
  }
  return true;
}

template <HasFields T>
std::string Encode(const T& value) {
  std::string out;
  T::Fields(value, Encoder(out));
  return out;
}

/// INVALID_ARGUMENT when `bytes` is not such a message; unknown fields are skipped.
template <HasFields T>
StatusOr<T> Decode(std::string_view bytes, std::string_view what) {
  T value;
  if (!DecodeMessage(bytes, &value, 0)) return InvalidArgument("malformed ", what);
  return value;
}

}  // namespace coditect::wire
