// tools/lode/serve.h
//
// `lode serve`: runs a node until it is told to stop. The settings were read and the host was
// checked before.
#pragma once

#include <optional>

#include "frontend/s3/sigv4.h"
#include "frontend/settings.h"

namespace lode::tools {

// Returns the exit code of the process. Without an identity, lode asks the gateway in its clients'
// names only.
[[nodiscard]] int serve(const frontend::settings& settings,
                        const std::optional<frontend::s3::credentials>& origin_identity);

}  // namespace lode::tools
