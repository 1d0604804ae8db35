// tools/lode-origin/checksums.h
//
// The digests that S3 checks uploads with: MD5 for ETags and Content-MD5, and the x-amz-checksum-*
// family. All take their data piece by piece.
//
//   Errors  None; broken OpenSSL is asserted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <openssl/types.h>

namespace lode::dev_origin {

enum class checksum_kind : std::uint8_t { md5, sha1, sha256, crc32, crc32c, crc64nvme };

// "x-amz-checksum-crc32", and back; nothing for other names. MD5 has no such header.
[[nodiscard]] std::string_view header_of(checksum_kind kind);
[[nodiscard]] std::optional<checksum_kind> checksum_of_header(std::string_view header_name);

class checksum {
  public:
    explicit checksum(checksum_kind kind);

    void add(std::span<const std::byte> data);

    // The raw digest, most significant byte first, of everything so far. Ends the computation.
    [[nodiscard]] std::string finish();

    [[nodiscard]] checksum_kind kind() const { return kind_; }

  private:
    struct freer {
        void operator()(EVP_MD_CTX* context) const;
    };

    checksum_kind kind_;
    std::unique_ptr<EVP_MD_CTX, freer> context_;
    std::uint64_t crc_ = 0;
};

[[nodiscard]] std::string to_hex(std::string_view raw);
// Nothing unless it is an even number of hexadecimal digits.
[[nodiscard]] std::optional<std::string> from_hex(std::string_view text);
[[nodiscard]] std::string to_base64(std::string_view raw);
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace lode::dev_origin
