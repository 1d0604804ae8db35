// frontend/origin/redirect.h
//
// Where an answer of the gateway points for an object's bytes: the Location of a 307 or 302, or the
// field x-lode-direct-path beside an ordinary answer.
//
//   Errors   Nothing, for a redirect that is not lode's to follow: a relative Location, another scheme,
//            credentials or bytes that no target may have in it, or another region's endpoint
//            (x-amz-bucket-region), for which the client must sign anew.
//   Limits   A Location of 8 KiB.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "frontend/http/endpoint.h"
#include "frontend/http/message.h"

namespace lode::frontend::origin {

struct redirect {
    http::endpoint where;
    std::string target;              // path and query, as stated
    bool carries_signature = false;  // in its query: to be used as it is
};

[[nodiscard]] inline bool is_redirect(unsigned status) { return status == 302 || status == 307; }

[[nodiscard]] std::optional<redirect> redirect_of(const http::response_head& head);

inline constexpr std::string_view direct_path_header = "x-lode-direct-path";

// The URL of the server that has the bytes; empty where the answer names none, or nothing that lode
// could ask.
[[nodiscard]] std::string direct_path_of(std::span<const http::header> headers);

}  // namespace lode::frontend::origin
