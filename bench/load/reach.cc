#include "bench/load/reach.h"

#include <utility>

#include <fmt/format.h>

namespace lode::bench {

std::expected<way_to_target, std::string> reach(const target_options& target) {
    way_to_target way;
    auto found = engine::socket_address::resolve(target.at.host, target.at.port);
    if (!found) {
        return std::unexpected(fmt::format("The host {} has no address.", target.at.host));
    }
    way.addresses = std::move(*found);
    if (target.at.scheme == frontend::http::scheme::https) {
        auto context = engine::tls_context::for_client(target.ca_file);
        if (!context) {
            return std::unexpected(fmt::format(
                "The certificates of {} cannot be read: {}.",
                target.ca_file.empty() ? "the system" : target.ca_file, describe(context.error())));
        }
        way.tls.emplace(std::move(*context));
    }
    return way;
}

}  // namespace lode::bench
