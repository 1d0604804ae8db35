// frontend/s3/aws_chunked.h
//
// Takes the aws-chunked framing off an upload, and checks each chunk's signature on the way.
//
//     400;chunk-signature=<64 hex>\r\n<1024 bytes>\r\n ... 0;chunk-signature=<64 hex>\r\n
//     [x-amz-checksum-crc32c:...\r\n [x-amz-trailer-signature:<64 hex>\r\n]] \r\n
//
// A chunk's signature stands before its data, but can be compared only after it: the payload that
// is handed out is provisional until done() is true. An upload becomes visible only then.
//
//   Memory   One header line; no payload is kept or copied.
//   Errors   `protocol` for broken framing, `denied` for a wrong signature, `too_large` beyond a
//            limit. After an error the decoder answers only with that error.
//   Limits   Header and trailer lines of 4 KiB, 16 trailers, chunks of 5 GiB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/units.h"
#include "frontend/s3/digest.h"
#include "frontend/s3/sigv4_verify.h"

namespace lode::frontend::s3 {

struct trailer {
    std::string name;  // lower case
    std::string value;
};

// Whether the chunks' signatures are compared; `ignored` where nobody knows the secret they were
// made with. The framing is checked either way.
enum class chunk_signatures : std::uint8_t { compared, ignored };

struct chunked_step {
    std::size_t consumed = 0;            // bytes of the input that are done with
    std::span<const std::byte> payload;  // a view into the input; may be empty
};

class aws_chunked_decoder {
  public:
    static constexpr std::size_t line_length_max = 4096;
    static constexpr std::size_t trailers_max = 16;
    static constexpr bytes chunk_size_max{5ULL << 30U};

    // `seed` is the verified head of the request; its payload kind must be one of the streaming
    // ones. `decoded_length` is x-amz-decoded-content-length: the payload must add up to it.
    aws_chunked_decoder(const verified_request& seed, std::optional<bytes> decoded_length,
                        chunk_signatures signatures = chunk_signatures::compared);
    ~aws_chunked_decoder();
    aws_chunked_decoder(const aws_chunked_decoder&) = delete;
    aws_chunked_decoder& operator=(const aws_chunked_decoder&) = delete;

    // Takes at least one byte of a non-empty input unless done() or failed, and stops early when it
    // has payload to hand out: call again with the rest. Bytes after the end are not consumed.
    [[nodiscard]] result<chunked_step> feed(std::span<const std::byte> input);

    // The last chunk and the trailers have been seen, and every signature was right.
    [[nodiscard]] bool done() const { return phase_ == phase::done; }

    [[nodiscard]] std::span<const trailer> trailers() const { return trailers_; }
    [[nodiscard]] bytes decoded() const { return decoded_; }

  private:
    enum class phase : std::uint8_t { header, data, data_end, trailers, done, failed };

    [[nodiscard]] bool chunks_signed() const {
        return kind_ != payload_kind::streaming_unsigned_trailer;
    }

    std::size_t take_line(std::span<const std::byte> input);
    result<void> take_payload(std::span<const std::byte> payload);
    result<void> on_line();
    result<void> on_header(std::string_view line);
    result<void> end_chunk();
    result<void> check_link(std::string_view string_to_sign);
    result<void> on_trailer(std::string_view line);
    result<void> end_trailers();

    phase phase_ = phase::header;
    payload_kind kind_;
    chunk_signatures signatures_;
    error failure_;

    // The chain: every signature covers the one before it.
    sha256_digest signing_key_;
    std::string prefix_;      // timestamp and scope, the same in every string to sign
    std::string previous_;    // in hexadecimal; the request's own signature at first
    sha256_digest stated_{};  // what the current chunk, or the trailers, claim
    sha256 chunk_hash_;

    std::string line_;
    bytes chunk_left_;
    bytes decoded_;
    std::optional<bytes> decoded_length_;
    std::vector<trailer> trailers_;
    bool trailer_signature_seen_ = false;
    std::size_t blank_lines_ = 0;  // before the trailers' signature
};

}  // namespace lode::frontend::s3
