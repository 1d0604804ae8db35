// frontend/access/chunk_recoder.h
//
// The body of a signed streaming upload on its way: the client's framing and signatures come off and
// are checked, lode's own go on. The last chunk and the end are made only after the client's end was
// seen and was right; until then the origin has a part of a payload. (The end alone is not enough to hold
// back: radosgw makes an object of a complete payload whose end never comes.)
//
//   Memory   One chunk of 64 KiB, one header line.
//   Errors   denied: a signature is wrong. invalid: broken framing, another length than announced, a
//            body that ends early or goes on too long. After an error it is not used again.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "engine/base/error.h"
#include "engine/base/units.h"
#include "frontend/http/header.h"
#include "frontend/s3/aws_chunked.h"
#include "frontend/s3/aws_chunked_encoder.h"
#include "frontend/s3/sigv4_verify.h"

namespace lode::frontend::access {

// Decided when the request was admitted.
struct recoding {
    s3::verified_request client;  // seeds the client's chain
    s3::chunk_signatures signatures = s3::chunk_signatures::compared;
    bytes decoded_length;
    s3::chunk_seed ours;
    std::optional<bytes> encoded_length;  // what the origin was told; nothing: it was not told
};

// How long the recoded body will be; nothing where a trailer's length cannot be known beforehand.
[[nodiscard]] std::optional<bytes> recoded_length(s3::payload_kind kind, bytes decoded_length,
                                                  std::span<const http::header> headers);

class chunk_recoder {
  public:
    explicit chunk_recoder(const recoding& how);
    chunk_recoder(const chunk_recoder&) = delete;
    chunk_recoder& operator=(const chunk_recoder&) = delete;

    // Takes bytes from the front of `input`. Returns bytes to send, valid until the next call; none
    // once `input` is used up.
    [[nodiscard]] result<std::span<const std::byte>> feed(std::span<const std::byte>& input);

    // The client's body has ended: what is still to be sent.
    struct last_pieces {
        std::span<const std::byte> chunk;  // may be empty
        std::span<const std::byte> end;
    };
    [[nodiscard]] result<last_pieces> finish();

  private:
    using section = s3::aws_chunked_encoder::trailer_section;

    std::span<const std::byte> take_chunk();

    s3::aws_chunked_decoder decoder_;
    s3::aws_chunked_encoder encoder_;
    section trailers_;
    bytes decoded_length_;
    std::optional<bytes> encoded_length_;
    std::span<const std::byte> pending_;  // payload that the present chunk had no room for
    bytes made_;
};

}  // namespace lode::frontend::access
