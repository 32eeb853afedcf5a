// SHA-256.
#include "src/base/sha256.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "src/base/check.h"
#include "src/base/strings.h"

namespace coditect {

std::string Sha256(std::string_view bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  ::SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
           reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

std::string Sha256Hex(std::string_view bytes) { return HexEncode(Sha256(bytes)); }

Sha256Stream::Sha256Stream() : state_(::EVP_MD_CTX_new(), ::EVP_MD_CTX_free) {
  CHECK(state_ != nullptr && ::EVP_DigestInit_ex(state_.get(), ::EVP_sha256(), nullptr) == 1);
}

void Sha256Stream::Add(std::string_view bytes) {
  CHECK(::EVP_DigestUpdate(state_.get(), bytes.data(), bytes.size()) == 1);
}

std::string Sha256Stream::Hex() {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  CHECK(::EVP_DigestFinal_ex(state_.get(), reinterpret_cast<unsigned char*>(digest.data()),
                             nullptr) == 1);
  return HexEncode(digest);
}

}  // namespace coditect
