#include "frontend/fetch_rights.h"

namespace lode::frontend {

bool may_fetch(const serving& here, const request& r) {
    // Under a host that we do not understand the path alone does not name the object.
    if (here.identity != nullptr && r.name.scope.empty()) return true;
    // A part number cannot stand beside a range, and signed, neither can it be left out.
    return !r.what.range_signed && !r.what.conditional && !r.what.part_number;
}

result<origin::fetch_request> fetch_request_for(serving& here, const request& r) {
    if (!may_fetch(here, r)) return fail(errc::not_found);
    if (here.identity == nullptr || !r.name.scope.empty()) return origin::repeat_of(r.head);
    origin::fetch_request ours = origin::own_request(r.name);
    if (r.customer_key) {
        for (const http::header& h : sealing::customer_key_fields(r.head.headers)) {
            ours.fields.emplace_back(h.name, h.value);
        }
    }
    return ours;
}

}  // namespace lode::frontend
