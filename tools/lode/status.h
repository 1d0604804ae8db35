// tools/lode/status.h
//
// `lode status`: what a running lode counts about itself, in a few lines for people.
#pragma once

#include <expected>
#include <map>
#include <string>
#include <string_view>

namespace lode::tools {

// Samples of a page in the Prometheus text format, as `name{labels}` wrote them.
using samples = std::map<std::string, double, std::less<>>;

// The error is a sentence: a line that is no sample, or a page that is not lode's.
[[nodiscard]] std::expected<samples, std::string> parse_metrics(std::string_view page);

[[nodiscard]] std::string print_status(const samples& from);

// Whether this node is one of several.
[[nodiscard]] bool has_cluster(const samples& from);

}  // namespace lode::tools
