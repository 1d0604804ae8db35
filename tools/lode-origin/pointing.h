// tools/lode-origin/pointing.h
//
// A gateway that authorises and points at another server for the bytes: by a redirect in place of
// each answer that would carry more than one byte of an object, or by a header beside every answer
// about an object.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "frontend/http/endpoint.h"
#include "frontend/s3/sigv4.h"

namespace lode::dev_origin {

inline constexpr std::string_view direct_path_header = "x-lode-direct-path";

enum class point_by : std::uint8_t {
    redirect,         // 307; whoever follows signs for itself
    signed_redirect,  // 307; the Location carries a signature of the owner's
    header,           // x-lode-direct-path
};

struct pointing {
    frontend::http::endpoint to;
    point_by by = point_by::redirect;
    frontend::s3::credentials signs;  // for signed_redirect
    std::string region;

    [[nodiscard]] bool redirects() const { return by != point_by::header; }

    // Where the bytes of `target` are. A signature in the target's query was for us and is left out.
    [[nodiscard]] result<std::string> location_of(std::string_view target, wall_time now) const;
};

}  // namespace lode::dev_origin
