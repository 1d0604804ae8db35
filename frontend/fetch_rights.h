// frontend/fetch_rights.h
//
// Who may ask the origin for any bytes of an object: lode itself where it has an identity, else the client
// whose signature leaves Range open.
#pragma once

#include "engine/base/error.h"
#include "frontend/client.h"
#include "frontend/origin/part_fetch.h"

namespace lode::frontend {

[[nodiscard]] bool may_fetch(const serving& here, const request& r);

// not_found: neither may. The caller has been authorised for this object by the gateway before.
[[nodiscard]] result<origin::fetch_request> fetch_request_for(serving& here, const request& r);

}  // namespace lode::frontend
