// frontend/json_text.h
//
// A text as JSON writes it, for the few answers of the admin port that programs read.
#pragma once

#include <string>
#include <string_view>

namespace lode::frontend {

// With its quotes.
[[nodiscard]] std::string in_json(std::string_view text);

}  // namespace lode::frontend
