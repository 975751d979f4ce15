#include "tools/server/access/secrets.h"

#include <fmt/core.h>
#include <sys/random.h>

#include <array>
#include <cstdint>
#include <span>

#include "kernels/error.h"
#include "loaders/io/sha256.h"

namespace yent::server {
namespace {

std::string raw_hash(std::string_view bytes) {
  const auto hash = sha256(std::as_bytes(std::span(bytes)));
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

}  // namespace

std::string random_id() {
  std::array<char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw run_error("the system has no random numbers");
  }
  return hex({bytes.data(), bytes.size()});
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  // Hashes have one length, and what is like them in front says nothing of the texts.
  const std::string x = raw_hash(a), y = raw_hash(b);
  unsigned different = 0;
  for (size_t i = 0; i < x.size(); ++i) different |= static_cast<unsigned>(x[i] ^ y[i]);
  return different == 0;
}

std::string keyed_hash(std::string_view key, std::string_view text) {
  constexpr size_t block = 64;
  std::string padded = key.size() > block ? raw_hash(key) : std::string(key);
  padded.resize(block, '\0');
  std::string inner, outer;
  for (const char c : padded) {
    inner += static_cast<char>(c ^ 0x36);
    outer += static_cast<char>(c ^ 0x5c);
  }
  return hex(raw_hash(outer + raw_hash(inner + std::string(text))));
}

}  // namespace yent::server
