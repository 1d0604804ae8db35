#include "frontend/origin/data_backend.h"

#include <utility>

#include "engine/base/log.h"
#include "engine/runtime/scheduler.h"

namespace lode::frontend::origin {
namespace {

random& draws() { return engine::scheduler::current().chance(); }

// Our own limits and our own goodbyes say nothing about the other side.
bool speaks_against(error why) {
    return why.code != errc::cancelled && why.code != errc::overloaded;
}

}  // namespace

data_backend::data_backend(http::endpoint where, std::unique_ptr<http::dialer> dialer,
                           const http::connection_pool::options& pool, duration answer_timeout,
                           backend_counters* sum)
    : counting_observer(sum),
      where_(std::move(where)),
      authority_(where_.authority()),
      pool_(std::move(dialer), pool),
      link_{.pool = pool_,
            .authority = authority_,
            .answer_timeout = answer_timeout,
            .change_timeout = answer_timeout,
            .observer = this} {}

void data_backend::admit(time_point now) {
    health_.admit(now);
    last_used = now;
    count(&backend_counters::requests);
}

void data_backend::finished(bytes body) {
    counting_observer::finished(body);
    const bool was_up = health_.is_up();
    health_.succeeded();
    last_well = engine::now();
    if (!was_up && health_.is_up()) log::info("backend {} is in service again", where_.url());
    counts.up.set(health_.is_up() ? 1 : 0);
}

void data_backend::failed(error why) {
    if (!speaks_against(why)) return;
    counting_observer::failed(why);
    if (health_.failed(engine::now(), draws())) {
        log::warning("backend {} is out of service: {}", where_.url(), describe(why));
    }
    counts.up.set(0);
}

void data_backend::checked(bool well) {
    if (health_.checked(well, engine::now(), draws())) {
        log::info("backend {} is {} service by a check", where_.url(), well ? "in" : "out of");
    }
    counts.up.set(health_.is_up() ? 1 : 0);
}

}  // namespace lode::frontend::origin
