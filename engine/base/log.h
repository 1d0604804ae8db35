// engine/base/log.h
//
// The operators' log: rare events, one line each, on standard error (systemd's journal takes it
// from there). Not for the data path: a line may block. Credentials never reach it.
#pragma once

#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace lode::log {

enum class level : unsigned char { debug, info, warning, failure };

void set_level(level lowest);
void write(level l, std::string_view line);

template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
    write(level::debug, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
    write(level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
    write(level::warning, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void failure(fmt::format_string<Args...> format, Args&&... args) {
    write(level::failure, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace lode::log
