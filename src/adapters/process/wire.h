// Messages between the host process and its broker: length-checked frames that carry descriptors.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "src/base/clock.h"
#include "src/base/status.h"
#include "src/base/unique_fd.h"

namespace coditect::process {

inline constexpr uint32_t kFrameBytesMax = 8 << 20;  // arguments and environment of one launch
inline constexpr size_t kDescriptorsMax = 8;

template <class Value>
concept HasFields = requires(Value& value) { Value::Fields(value, [](auto&) {}); };

/// Appends values to a message. A struct lists its members once, in `Fields`.
class Packer {
 public:
  template <class Value>
  void operator()(const Value& value) {
    if constexpr (HasFields<const Value>) {
      Value::Fields(value, *this);
    } else if constexpr (std::is_convertible_v<const Value&, std::string_view>) {
      const std::string_view text = value;
      Number(text.size());
      bytes_.append(text);
    } else if constexpr (std::is_integral_v<Value> || std::is_enum_v<Value>) {
      Number(static_cast<uint64_t>(value));
    } else {
      Number(value.size());
      for (const auto& element : value) (*this)(element);
    }
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void Number(uint64_t value) { bytes_.append(reinterpret_cast<const char*>(&value), 8); }
  std::string bytes_;
};

/// Takes values from a message in the order they were packed. After a value that is not there
/// every further one is empty and ok() is false.
class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {}

  template <class Value>
  void operator()(Value& value) {
    if constexpr (HasFields<Value>) {
      Value::Fields(value, *this);
    } else if constexpr (std::is_same_v<Value, std::string>) {
      const uint64_t size = Number();
      ok_ = ok_ && size <= rest_.size();
      if (!ok_) return;
      value.assign(rest_.substr(0, size));
      rest_.remove_prefix(size);
    } else if constexpr (std::is_integral_v<Value> || std::is_enum_v<Value>) {
      value = static_cast<Value>(Number());
    } else {
      const uint64_t size = Number();
      ok_ = ok_ && size <= rest_.size() / 8;  // an element has at least eight bytes
      if (!ok_) return;
      value.resize(size);
      for (auto& element : value) (*this)(element);
    }
  }
  bool ok() const { return ok_; }

 private:
  uint64_t Number() {
    uint64_t value = 0;
    ok_ = ok_ && rest_.size() >= 8;
    if (!ok_) return 0;
    rest_.copy(reinterpret_cast<char*>(&value), 8);
    rest_.remove_prefix(8);
    return value;
  }
  std::string_view rest_;
  bool ok_ = true;
};

template <class... Values>
std::string Pack(const Values&... values) {
  Packer packer;
  (packer(values), ...);
  return packer.bytes();
}

struct Frame {
  std::string body;
  std::vector<UniqueFd> descriptors;
};

/// Sends one frame. UNAVAILABLE when the peer is gone.
Status SendFrame(int socket, std::string_view body, const std::vector<int>& descriptors);

/// Receives one frame; waits at most until `deadline`. UNAVAILABLE at the end of the stream,
/// DEADLINE_EXCEEDED, DATA_LOSS for a malformed frame.
StatusOr<Frame> ReceiveFrame(int socket, MonotonicTime deadline);

}  // namespace coditect::process
