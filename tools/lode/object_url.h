// tools/lode/object_url.h
//
// Objects as people name them, "s3://bucket/key", and as the admin port is asked for them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lode::tools {

struct object_url {
    std::string bucket;
    std::string key;  // or a prefix; may be empty

    friend bool operator==(const object_url&, const object_url&) = default;
};

// Nothing without "s3://" and a bucket. A key is taken byte for byte.
[[nodiscard]] std::optional<object_url> parse_object_url(std::string_view text);

// "bucket=B&key=K"; `key_is` names the second parameter.
[[nodiscard]] std::string query_for(const object_url& what, std::string_view key_is = "key");

}  // namespace lode::tools
