#include "frontend/serving.h"

#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "engine/runtime/scheduler.h"

namespace lode::frontend {
namespace {

http::connection_pool::options pool_options(const node_context& node) {
    const origin_settings& origin = node.settings.origin;
    return {.connections = origin.connections,
            .connect_timeout = origin.connect_timeout,
            .limits = node.limits};
}

}  // namespace

serving::serving(const node_context& n, std::unique_ptr<http::dialer> dialer,
                 std::unique_ptr<s3::signer> own_identity,
                 std::shared_ptr<access_log_file> log_file)
    : node(n),
      pool(std::move(dialer), pool_options(n)),
      link{.pool = pool,
           .authority = n.gateway_authority,
           .answer_timeout = n.settings.origin.answer_timeout,
           .change_timeout = n.settings.origin.change_timeout},
      gateway(link, n.settings.origin.gateway, n.settings.consistency.objects, n.gateways),
      identity(std::move(own_identity)),
      log(std::move(log_file), n.settings.node.name),
      request_seed_(engine::scheduler::current().chance().next()) {}

void serving::next_request_id(std::string& out) {
    out.clear();
    fmt::format_to(std::back_inserter(out), "{:08X}{:08X}",
                   static_cast<std::uint32_t>(request_seed_),
                   static_cast<std::uint32_t>(++request_count_));
}

}  // namespace lode::frontend
