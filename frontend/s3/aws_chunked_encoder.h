// frontend/s3/aws_chunked_encoder.h
//
// Puts the aws-chunked framing of a signed streaming upload around a payload. A chunk's signature
// stands before its data, so a chunk is gathered whole before its first byte can leave.
//
//     10000;chunk-signature=<64 hex>\r\n<65536 bytes>\r\n ... 0;chunk-signature=<64 hex>\r\n
//     [x-amz-checksum-crc32c:...\r\n x-amz-trailer-signature:<64 hex>\r\n] \r\n
//
//   Memory      One chunk (64 KiB and its frame), taken at construction.
//   Lifetime    What take_chunk() returns is valid until the next add(), what finish() returns as long
//               as the encoder.
//   Limits      Chunks of 64 KiB; S3 wants at least 8 KiB of all but the last.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/units.h"
#include "frontend/s3/aws_chunked.h"
#include "frontend/s3/sigv4.h"

namespace lode::frontend::s3 {

class aws_chunked_encoder {
  public:
    static constexpr std::size_t chunk_size = std::size_t{64} << 10U;

    explicit aws_chunked_encoder(const chunk_seed& seed);
    ~aws_chunked_encoder();
    aws_chunked_encoder(const aws_chunked_encoder&) = delete;
    aws_chunked_encoder& operator=(const aws_chunked_encoder&) = delete;

    // Copies as much as the present chunk has room for, and returns how much that is.
    std::size_t add(std::span<const std::byte> payload);

    [[nodiscard]] bool full() const { return filled_ == chunk_size; }
    [[nodiscard]] bool empty() const { return filled_ == 0; }

    // The present chunk, framed and signed; the next one begins. Must not be empty.
    [[nodiscard]] std::span<const std::byte> take_chunk();

    enum class trailer_section : std::uint8_t { none, signed_fields };

    // The empty chunk that ends the payload, then the trailers. The last chunk must have been taken.
    [[nodiscard]] std::string_view finish(trailer_section section,
                                          std::span<const trailer> trailers);

    // How long everything is together, for a payload of this length and trailer fields that take
    // `trailer_bytes` (trailer_length() of each).
    [[nodiscard]] static bytes encoded_length(bytes payload, trailer_section section,
                                              bytes trailer_bytes);
    [[nodiscard]] static bytes trailer_length(std::string_view name, std::size_t value_length);

  private:
    std::string_view sign(std::string_view string_to_sign);

    std::string prefix_;
    std::string previous_;
    sha256_digest signing_key_;
    std::unique_ptr<std::byte[]> chunk_;  // room for the header, then the data, then its end
    std::size_t filled_ = 0;
    std::string end_;
};

}  // namespace lode::frontend::s3
