// tools/lode-origin/upload_body.h
//
// The payload of an upload, checked against everything that the request says about it: its length,
// x-amz-content-sha256, Content-MD5, x-amz-checksum-* in headers or trailers, and the signatures of
// an aws-chunked body. What next() hands out is provisional until it has answered with an empty
// piece: only then was everything right.
//
//   Core     One.
//   Memory   One buffer of the core's pool.
//   Errors   The refusal that S3 would answer with.
//   Limits   5 GiB.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/units.h"
#include "frontend/s3/aws_chunked.h"
#include "tools/lode-origin/call.h"
#include "tools/lode-origin/checksums.h"

namespace lode::dev_origin {

inline constexpr bytes upload_length_max{5ULL << 30U};

class upload_body {
  public:
    enum class length_rule : std::uint8_t { required, optional };
    [[nodiscard]] static std::expected<std::unique_ptr<upload_body>, refusal> open(call& c,
                                                                                   length_rule l);

    // The next piece of the payload, valid until the next call; empty at the end.
    engine::task<std::expected<std::span<const std::byte>, refusal>> next();

    // Once next() has answered with an empty piece.
    [[nodiscard]] const std::string& md5() const { return md5_digest_; }  // raw
    [[nodiscard]] bytes length() const { return length_; }
    // The x-amz-checksum-* that were stated and hold.
    [[nodiscard]] const header_list& checked() const { return checked_; }

  private:
    struct expectation {
        checksum computed;
        std::string digest;  // raw; empty while it is still to come in a trailer
        refusal on_mismatch;
    };

    explicit upload_body(call& c);

    outcome expect_digests();
    outcome expect_checksum(checksum_kind kind, std::string_view base64);
    outcome take_trailers();
    outcome verify();
    void account(std::span<const std::byte> payload);
    engine::task<std::expected<std::span<const std::byte>, refusal>> next_raw();
    engine::task<std::expected<std::span<const std::byte>, refusal>> next_decoded();

    call& call_;
    pooled_buffer buffer_;
    checksum md5_{checksum_kind::md5};
    std::vector<expectation> expected_;
    std::unique_ptr<s3::aws_chunked_decoder> decoder_;
    std::span<const std::byte> undecoded_;
    bytes length_;
    std::string md5_digest_;
    header_list checked_;
};

}  // namespace lode::dev_origin
