// tools/lode/admin_client.h
//
// One request to a running lode's admin port, with plain blocking sockets: the command-line tools
// have nothing else to do meanwhile.
//
//   Errors   A sentence for people.
//   Limits   An answer of 16 MiB; `patience` for each pause.
#pragma once

#include <chrono>
#include <expected>
#include <string>
#include <string_view>

namespace lode::tools {

struct admin_answer {
    int status = 0;
    std::string body;
};

// `url` is "http://host:port".
[[nodiscard]] std::expected<admin_answer, std::string> ask_admin(
    const std::string& url, std::string_view method, std::string_view target,
    std::chrono::seconds patience = std::chrono::seconds(10));

// The status line, the headers and a body that ends with the connection; for ask_admin().
[[nodiscard]] std::expected<admin_answer, std::string> parse_admin_answer(std::string_view text);

}  // namespace lode::tools
