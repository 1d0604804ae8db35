#include "cluster/own_addresses.h"

#include <cstring>

#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "engine/runtime/address.h"

namespace lode::cluster {
namespace {

std::string_view host_of(std::string_view address) { return address.substr(0, address.rfind(':')); }

std::string_view port_of(std::string_view address) {
    const auto colon = address.rfind(':');
    return colon == std::string_view::npos ? std::string_view() : address.substr(colon + 1);
}

}  // namespace

std::set<std::string, std::less<>> addresses_of_host() {
    std::set<std::string, std::less<>> found;
    ifaddrs* all = nullptr;
    if (getifaddrs(&all) != 0) return found;
    for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
        if (each->ifa_addr == nullptr) continue;
        const int family = each->ifa_addr->sa_family;
        if (family != AF_INET && family != AF_INET6) continue;
        const socklen_t length = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
        sockaddr_storage storage{};
        std::memcpy(&storage, each->ifa_addr, length);
        const std::string text = engine::socket_address::from(storage, length).text();
        found.emplace(host_of(text));
    }
    freeifaddrs(all);
    return found;
}

bool is_own_address(std::string_view address, std::string_view own,
                    const std::set<std::string, std::less<>>& host) {
    if (!is_every_address(own)) return address == own;
    return port_of(address) == port_of(own) && host.contains(host_of(address));
}

bool is_every_address(std::string_view address) {
    return host_of(address) == "0.0.0.0" || host_of(address) == "[::]";
}

}  // namespace lode::cluster
