#include "frontend/fetch_rights.h"

#include "engine/runtime/scheduler.h"

namespace lode::frontend {

result<origin::fetch_request> fetch_request_for(serving& here, const request& r,
                                                const origin::object_name& name) {
    // Under a host that we do not understand the path alone does not name the object.
    if (here.identity != nullptr && name.scope.empty()) {
        return origin::own_request(*here.identity, here.node.gateway_authority, name,
                                   engine::scheduler::current().time().wall());
    }
    if (r.what.range_signed || r.what.conditional) return fail(errc::not_found);
    return origin::repeat_of(r.head);
}

}  // namespace lode::frontend
