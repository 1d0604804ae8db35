#include "tools/lode/serve.h"

#include "engine/base/log.h"
#include "frontend/server.h"

namespace lode::tools {

int serve(const frontend::settings& settings,
          const std::optional<frontend::s3::credentials>& origin_identity) {
    auto server = frontend::server::open(settings, origin_identity);
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
