#include "tools/lode-origin/core_service.h"

#include "engine/base/hash.h"
#include "engine/runtime/remote.h"

namespace lode::dev_origin {

core_service::core_service(server_state& s)
    : shared(s),
      buckets(s.where),
      objects(s.where),
      uploads(s.where),
      verifier(s.users, s.region) {}

core_service::~core_service() = default;

core_id core_service::home_of(std::string_view bucket, std::string_view key) const {
    const hash128 hash = hash128_builder().add(bucket).add(key).finish();
    return core_id(static_cast<std::uint16_t>(hash.low % shared.cores));
}

engine::task<std::optional<fault>> core_service::fault_for(operation op) {
    if (!faults_active) co_return std::nullopt;
    co_return co_await engine::on_core(core_id(0), [this, op] {
        return shared.faults.take(op, engine::scheduler::current().chance());
    });
}

engine::task<void> core_service::stop(duration patience) {
    stopping_ = true;
    for (open_connection* c = open.empty() ? nullptr : &open.front(); c != nullptr;
         c = open.next_of(*c)) {
        if (c->now == open_connection::phase::waiting) c->stream->abort();
    }
    const auto idle = co_await connections.wait_idle(engine::now() + patience);
    if (!idle) {
        for (open_connection* c = open.empty() ? nullptr : &open.front(); c != nullptr;
             c = open.next_of(*c)) {
            c->stream->abort();
        }
    }
    co_await connections.close();
}

}  // namespace lode::dev_origin
