// SHA-256 (FIPS 180-4), by OpenSSL.
#pragma once

#include <memory>
#include <string>
#include <string_view>

using EVP_MD_CTX = struct evp_md_ctx_st;  // of OpenSSL

namespace coditect {

/// The 32 raw bytes of the digest.
std::string Sha256(std::string_view bytes);

/// The digest as 64 hexadecimal digits.
std::string Sha256Hex(std::string_view bytes);

/// The digest of bytes that come in pieces.
class Sha256Stream {
 public:
  Sha256Stream();
  void Add(std::string_view bytes);
  /// The digest of all that was added, as Sha256Hex; once.
  std::string Hex();

 private:
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> state_;
};

}  // namespace coditect
