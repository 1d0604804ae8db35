// frontend/s3/aws_chunked_chain.h
//
// What the signature of a chunk, and of the trailers, is computed over ("Signature calculations for
// the Authorization header: transferring payload in multiple chunks"), shared by the decoder and
// the encoder so that the two cannot drift apart. Each signature covers the one before it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "frontend/s3/aws_chunked.h"
#include "frontend/s3/digest.h"
#include "frontend/s3/sigv4.h"

namespace lode::frontend::s3 {

inline constexpr std::string_view trailer_signature_name = "x-amz-trailer-signature";

// Timestamp and scope: the same in every string of one upload.
[[nodiscard]] std::string chain_prefix(std::string_view timestamp, const credential_scope& scope);

// `previous` in hexadecimal; the request's own signature at first.
[[nodiscard]] std::string chunk_string_to_sign(std::string_view prefix, std::string_view previous,
                                               const sha256_digest& data);

[[nodiscard]] std::string trailer_string_to_sign(std::string_view prefix, std::string_view previous,
                                                 std::span<const trailer> trailers);

}  // namespace lode::frontend::s3
