// tests/frontend/s3/sigv4_fixture.h
//
// The credentials and the moment of the examples in the S3 API reference ("Authenticating Requests
// (AWS Signature Version 4)").
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/assert.h"
#include "frontend/s3/sigv4.h"
#include "frontend/s3/sigv4_verify.h"

namespace lode::frontend::s3::example {

inline constexpr std::string_view access_key = "AKIAIOSFODNN7EXAMPLE";
inline constexpr std::string_view secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
inline constexpr std::string_view timestamp = "20130524T000000Z";

inline wall_time now() { return *parse_amz_date(timestamp); }

inline credentials who(std::string token = {}) {
    return {.access_key = std::string(access_key),
            .secret_key = std::string(secret_key),
            .session_token = std::move(token)};
}

class secrets final : public secret_lookup {
  public:
    [[nodiscard]] std::optional<std::string_view> secret_of(std::string_view key) const override {
        if (key != access_key) return std::nullopt;
        return secret;
    }

    std::string secret{secret_key};
};

// What stands there must be there: a test that spoils nothing proves nothing.
inline void replace(std::string& text, std::string_view what, std::string_view by) {
    const auto at = text.find(what);
    LODE_ASSERT(at != std::string::npos);
    text.replace(at, what.size(), by);
}

}  // namespace lode::frontend::s3::example
