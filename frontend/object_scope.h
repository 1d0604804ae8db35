// frontend/object_scope.h
//
// A Host that we do not understand may name a bucket to the origin. Two such hosts with the same path are
// then two objects, and their cached bytes must not be taken for each other.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lode::frontend {

// Empty where the path (and a configured domain) says all: an IP address, a configured domain or a name
// below one. Else the host in lower case, without its port.
[[nodiscard]] std::string object_scope(std::string_view host, std::span<const std::string> domains);

}  // namespace lode::frontend
