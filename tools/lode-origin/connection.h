// tools/lode-origin/connection.h
//
// One client connection of the S3 port: request after request until either side has had enough.
#pragma once

#include "engine/runtime/address.h"
#include "engine/runtime/task.h"
#include "tools/lode-origin/core_service.h"

namespace lode::dev_origin {

// Takes ownership of the descriptor. Ends when the connection is closed.
engine::task<void> serve_connection(core_service& here, int fd, engine::socket_address peer);

}  // namespace lode::dev_origin
