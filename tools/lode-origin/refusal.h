// tools/lode-origin/refusal.h
//
// Why a request is not done: what the S3 error document will say. A handler returns one, and the
// connection turns it into an answer in one place.
#pragma once

#include <expected>
#include <string_view>

#include "engine/base/error.h"
#include "frontend/http/header.h"
#include "frontend/s3/error_xml.h"

namespace lode::dev_origin {

namespace http = frontend::http;
namespace s3 = frontend::s3;

struct refusal {
    unsigned status = 500;
    std::string_view code;     // static storage
    std::string_view message;  // static storage
    std::string_view region;   // the right one, for a request that was signed for another

    // Implicit, so that `co_return refuse(s3::s3_error::no_such_key)` needs no more words.
    refusal(s3::s3_error e);  // NOLINT(google-explicit-constructor)
    refusal(s3::s3_error e, std::string_view text);
    refusal(unsigned http_status, std::string_view s3_code, std::string_view text)
        : status(http_status), code(s3_code), message(text) {}
};

using outcome = std::expected<void, refusal>;

template <class... Args>
[[nodiscard]] std::unexpected<refusal> refuse(Args... args) {
    return std::unexpected(refusal(args...));
}

// A failure of the storage. `missing` is what errc::not_found means where it happened.
[[nodiscard]] std::unexpected<refusal> storage_failure(
    error why, s3::s3_error missing = s3::s3_error::internal_error);

}  // namespace lode::dev_origin
