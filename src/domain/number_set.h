// A set of small numbers from 1 that finds its lowest gap fast.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace coditect {

class NumberSet {
 public:
  static constexpr uint32_t kMax = 1 << 16;  // one bit each: 8 KiB at most

  /// False when `number` is 0, above kMax, or in the set already.
  bool Insert(uint32_t number) {
    if (number == 0 || number > kMax) return false;
    const size_t word = (number - 1) / kBits;
    if (word >= words_.size()) words_.resize(word + 1);
    const uint64_t bit = uint64_t{1} << ((number - 1) % kBits);
    if ((words_[word] & bit) != 0) return false;
    words_[word] |= bit;
    return true;
  }

  void Erase(uint32_t number) {
    if (number == 0 || (number - 1) / kBits >= words_.size()) return;
    words_[(number - 1) / kBits] &= ~(uint64_t{1} << ((number - 1) % kBits));
    while (!words_.empty() && words_.back() == 0) words_.pop_back();  // equal sets compare equal
  }

  /// The lowest number from 1 that is not in the set.
  uint32_t LowestFree() const {
    uint32_t number = 1;
    for (const uint64_t word : words_) {
      if (word != ~uint64_t{0}) return number + static_cast<uint32_t>(std::countr_one(word));
      number += kBits;
    }
    return number;
  }

  bool operator==(const NumberSet&) const = default;

 private:
  static constexpr uint32_t kBits = 64;
  std::vector<uint64_t> words_;
};

}  // namespace coditect
