// frontend/peer/own_side.h
//
// What a node brings to every connection with a peer, in whichever direction.
//
//   Core      Made at start and shared; `describe` is called on the core of the connection.
#pragma once

#include <functional>
#include <string>

#include "frontend/peer/hello.h"
#include "frontend/peer/secret.h"
#include "frontend/peer/wire.h"

namespace lode::frontend::peer {

struct own_side {
    std::string cluster;
    std::string node;
    secret_ptr secret;
    std::function<description()> describe;  // of this moment; its name is `node`
    protocol_range protocols = spoken_protocols;
};

}  // namespace lode::frontend::peer
