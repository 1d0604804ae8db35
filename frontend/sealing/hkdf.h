// frontend/sealing/hkdf.h
//
// HKDF with SHA-256 (RFC 5869): independent keys out of one secret, told apart by `info`.
//
//   Errors  None: OpenSSL fails here only when it is out of memory or broken, and that is asserted.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace lode::frontend::sealing {

// Fills `out`, at most 255 * 32 bytes. An empty salt is allowed where the secret is a key already.
void hkdf_sha256(std::span<const std::uint8_t> secret, std::string_view salt, std::string_view info,
                 std::span<std::uint8_t> out);

}  // namespace lode::frontend::sealing
