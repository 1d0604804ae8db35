// frontend/origin/node_location.h
//
// Where this node is, as the gateway is told with every request, so that it may choose a near backend:
// `x-lode-location: zone=rack-7;node=n12`. The field is never signed.
#pragma once

#include <string>
#include <string_view>

namespace lode::frontend::origin {

inline constexpr std::string_view location_header = "x-lode-location";

// The field's value. Whatever is not a letter, a digit, "-", "_" or "." becomes "_", and each of the two
// ends after 64 characters: it goes into a header and into other people's rules.
[[nodiscard]] std::string node_location(std::string_view zone, std::string_view node);

}  // namespace lode::frontend::origin
