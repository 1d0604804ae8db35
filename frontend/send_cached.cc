#include "frontend/send_cached.h"

#include <utility>

#include "frontend/cache_status.h"
#include "frontend/cached_answer.h"
#include "frontend/wanted_bytes.h"

namespace lode::frontend {
namespace {

engine::task<void> send_empty(serving& here, client& out, const request& r,
                              const origin::object_version& version, const wanted_bytes& wanted) {
    out.record().cache = cache_word::hit;
    http::head_writer writer = cached_head(out, r, version, wanted);
    add_cache_status(writer, here.node.cache_name, cache_word::hit, cache_detail::memory,
                     out.scratch());
    auto sent = co_await out.send_head(out.finish_head(writer));
    if (!sent) out.break_off();
}

}  // namespace

engine::task<sent_cached> send_cached(serving& here, client& out, const request& r,
                                      origin::version_ptr version,
                                      std::optional<origin::part_extent> part,
                                      origin::first_bytes* first) {
    const auto wanted = wanted_of(r, *version, part);
    if (!wanted) {
        co_await refuse_range(out, r, version->size);
        co_return sent_cached::done;
    }
    if (wanted->length() == bytes(0)) {
        co_await send_empty(here, out, r, *version, *wanted);
        co_return sent_cached::done;
    }
    cached_answer answer(here, out, r, std::move(version), *wanted, first);
    co_return co_await answer.run();
}

}  // namespace lode::frontend
