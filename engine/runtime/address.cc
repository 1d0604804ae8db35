#include "engine/runtime/address.h"

#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include "engine/base/assert.h"

namespace lode::engine {

result<socket_address> socket_address::parse(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return fail(errc::invalid);
    const std::string_view digits = text.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (problem != std::errc() || end != digits.data() + digits.size()) return fail(errc::invalid);

    std::string_view host = text.substr(0, colon);
    socket_address made;
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
        auto* v6 = reinterpret_cast<sockaddr_in6*>(&made.storage_);
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        made.length_ = sizeof *v6;
        if (inet_pton(AF_INET6, std::string(host).c_str(), &v6->sin6_addr) == 1) return made;
    } else {
        auto* v4 = reinterpret_cast<sockaddr_in*>(&made.storage_);
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        made.length_ = sizeof *v4;
        if (inet_pton(AF_INET, std::string(host).c_str(), &v4->sin_addr) == 1) return made;
    }
    return fail(errc::invalid);
}

result<std::vector<socket_address>> socket_address::resolve(const std::string& host,
                                                            std::uint16_t port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
        return fail(errc::not_found);
    }
    std::vector<socket_address> addresses;
    for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
        sockaddr_storage storage{};
        std::memcpy(&storage, a->ai_addr, a->ai_addrlen);
        addresses.push_back(from(storage, a->ai_addrlen));
    }
    freeaddrinfo(found);
    return addresses;
}

socket_address socket_address::from(const sockaddr_storage& storage, socklen_t length) {
    LODE_ASSERT(length <= sizeof storage);
    socket_address made;
    made.storage_ = storage;
    made.length_ = length;
    return made;
}

std::uint16_t socket_address::port() const {
    // sin_port and sin6_port share their place.
    return ntohs(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_port);
}

std::string socket_address::text() const {
    char host[INET6_ADDRSTRLEN] = "?";
    if (storage_.ss_family == AF_INET6) {
        const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage_);
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        return "[" + std::string(host) + "]:" + std::to_string(port());
    }
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage_);
    inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
    return std::string(host) + ":" + std::to_string(port());
}

}  // namespace lode::engine
