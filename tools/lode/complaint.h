// tools/lode/complaint.h
//
// What a command says when it cannot do what it was asked: one sentence, on the stream for errors.
#pragma once

#include <cstdio>
#include <string_view>

#include <fmt/format.h>

namespace lode::tools {

// The command's exit code.
inline int complain(std::string_view sentence) {
    fmt::print(stderr, "{}\n", sentence);
    return 1;
}

// Of an answer: its sentence, without what may follow.
[[nodiscard]] inline std::string_view first_line(std::string_view text) {
    return text.substr(0, text.find('\n'));
}

// What the admin port answers when it did what it was asked.
inline constexpr int status_done = 200;

}  // namespace lode::tools
