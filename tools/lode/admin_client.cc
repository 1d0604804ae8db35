#include "tools/lode/admin_client.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <system_error>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "engine/runtime/address.h"
#include "tools/lode/descriptor.h"
#include "tools/lode/endpoint.h"
#include "tools/lode/number.h"

namespace lode::tools {
namespace {

using answer_or_problem = std::expected<admin_answer, std::string>;

constexpr std::size_t answer_max = std::size_t{16} << 20U;

std::string socket_problem(int sys, std::chrono::seconds patience) {
    // What a socket's time-out looks like.
    if (sys == EAGAIN || sys == EINPROGRESS) {
        return fmt::format("it did not answer within {} s", patience.count());
    }
    return std::generic_category().message(sys);
}

// The errno of the last address that failed.
std::expected<descriptor, int> connect_to(const endpoint& to, std::chrono::seconds patience) {
    const timeval pause{.tv_sec = patience.count(), .tv_usec = 0};
    const auto addresses = engine::socket_address::resolve(to.host, to.port);
    if (!addresses) return std::unexpected(EHOSTUNREACH);
    int failed = EHOSTUNREACH;
    for (const auto& address : *addresses) {
        descriptor s(socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (s && setsockopt(s.fd(), SOL_SOCKET, SO_RCVTIMEO, &pause, sizeof pause) == 0 &&
            setsockopt(s.fd(), SOL_SOCKET, SO_SNDTIMEO, &pause, sizeof pause) == 0 &&
            connect(s.fd(), address.data(), address.length()) == 0) {
            return s;
        }
        failed = errno;
    }
    return std::unexpected(failed);
}

int send_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t sent = send(fd, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return errno;
        text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return 0;
}

// Everything until the other side closes.
std::expected<std::string, int> receive_all(int fd) {
    std::string text;
    std::array<char, 65536> piece{};
    while (true) {
        const ssize_t got = recv(fd, piece.data(), piece.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return std::unexpected(errno);
        if (got == 0) return text;
        text.append(piece.data(), static_cast<std::size_t>(got));
        if (text.size() > answer_max) return std::unexpected(EMSGSIZE);
    }
}

bool is_name(std::string_view line, std::string_view lower) {
    return line.size() > lower.size() && line[lower.size()] == ':' &&
           std::ranges::equal(line.substr(0, lower.size()), lower, [](char a, char b) {
               return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b;
           });
}

}  // namespace

answer_or_problem ask_admin(const std::string& url, std::string_view method,
                            std::string_view target, std::chrono::seconds patience) {
    const auto to = parse_endpoint(url);
    if (!to || to->how != endpoint::scheme::http) {
        return std::unexpected(fmt::format(
            "{} is not the URL of an admin port; expected one such as http://127.0.0.1:9002.",
            without_user(url)));
    }
    const auto unreachable = [&](int sys) {
        return std::unexpected(fmt::format("lode's admin port at {} cannot be reached: {}.", url,
                                           socket_problem(sys, patience)));
    };
    const auto connection = connect_to(*to, patience);
    if (!connection) return unreachable(connection.error());

    const std::string request = fmt::format(
        "{} {} HTTP/1.1\r\nHost: {}:{}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", method,
        target, to->host.contains(':') ? "[" + to->host + "]" : to->host, to->port);
    if (const int failed = send_all(connection->fd(), request)) return unreachable(failed);
    const auto text = receive_all(connection->fd());
    if (!text) return unreachable(text.error());

    auto answer = parse_admin_answer(*text);
    if (!answer) return std::unexpected(fmt::format("{} {}", url, answer.error()));
    return answer;
}

answer_or_problem parse_admin_answer(std::string_view text) {
    const auto strange = [] {
        return std::unexpected("does not answer as lode's admin port does.");
    };
    const auto end_of_head = text.find("\r\n\r\n");
    if (end_of_head == std::string_view::npos) return strange();
    std::string_view head = text.substr(0, end_of_head);
    const std::string_view body = text.substr(end_of_head + 4);

    constexpr std::string_view version = "HTTP/1.1 ";
    if (!head.starts_with(version) || head.size() < version.size() + 3) return strange();
    const auto status = parse_number<int>(head.substr(version.size(), 3));
    if (!status || *status < 100) return strange();

    // Without its length, a body that was cut off would look like a whole one.
    std::optional<std::size_t> length;
    while (!head.empty()) {
        const auto end = head.find("\r\n");
        const std::string_view line = head.substr(0, end);
        head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
        constexpr std::string_view name = "content-length";
        if (!is_name(line, name)) continue;
        std::string_view value = line.substr(name.size() + 1);
        value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
        length = parse_number<std::size_t>(value);
        if (!length) return strange();
    }
    if (!length) return strange();
    if (*length != body.size()) {
        return std::unexpected(
            fmt::format("sent {} bytes of an answer of {}.", body.size(), *length));
    }
    return admin_answer{.status = *status, .body = std::string(body)};
}

}  // namespace lode::tools
