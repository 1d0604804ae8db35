#include "tools/lode/serve.h"

#include <utility>

#include "engine/base/log.h"
#include "frontend/server.h"
#include "tools/lode/membership.h"

namespace lode::tools {

int serve(const frontend::settings& settings,
          const std::optional<frontend::s3::credentials>& origin_identity) {
    auto nodes = make_membership(settings);
    if (!nodes) {
        log::failure("{}", nodes.error());
        return 1;
    }
    auto server = frontend::server::open(settings, origin_identity, std::move(*nodes));
    if (!server) {
        log::failure("{}", server.error());
        return 1;
    }
    auto served = (*server)->run();
    if (!served) {
        log::failure("{}", served.error());
        return 1;
    }
    return 0;
}

}  // namespace lode::tools
