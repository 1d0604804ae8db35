#include "frontend/purge.h"

#include <algorithm>
#include <utility>

#include "frontend/clustering.h"
#include "frontend/peer_round.h"

namespace lode::frontend {
namespace {

constexpr std::size_t objects_at_once = 8;
// Questions to all peers together that lie in memory.
constexpr std::size_t questions_max = 1024;

std::uint64_t held(const engine::presence& p) { return p.memory + p.disk; }

class purging {
  public:
    purging(serving& here, origin::object_name name, origin::version_ptr version, time_point until)
        : here_(here), name_(std::move(name)), version_(std::move(version)), until_(until) {}

    engine::task<purged> run() {
        const std::uint32_t parts =
            version_->size > bytes(0) ? version_->layout.parts() : std::uint32_t{0};
        const std::size_t peers = here_.cluster == nullptr ? 0 : here_.cluster->peers.all().size();
        const auto step =
            static_cast<std::uint32_t>(std::max<std::size_t>(1, questions_max / (peers + 1)));
        for (std::uint32_t first = 0; first < parts; first += step) {
            const std::uint32_t end = std::min(parts, first + step);
            co_await purge_here(first, end);
            if (here_.cluster != nullptr) co_await purge_there(first, end);
        }
        done_.objects = 1;
        co_return std::move(done_);
    }

  private:
    engine::task<void> purge_here(std::uint32_t part, std::uint32_t end) {
        for (; part < end; ++part) {
            const engine::part_key key = version_->part(part);
            done_.chunks += held(co_await here_.node.store.look(key));
            co_await here_.node.store.purge(key);
        }
    }

    engine::task<void> purge_there(std::uint32_t part, std::uint32_t end) {
        peer::peers& all = here_.cluster->peers;
        peer_round round(all);
        for (; part < end; ++part) {
            peer::part_question question = peer::question_about(name_, *version_, part);
            question.want = peer::part_question::want_kind::purge;
            for (const auto& [name, peer] : all.all()) round.add(question, peer);
        }
        co_await round.run(until_);
        for (const peer_round::errand& e : round.errands()) {
            if (!e.answer) {
                done_.silent.insert(e.whom->name);
            } else if (e.answer->held) {
                done_.chunks += held(*e.answer->held);
            }
        }
    }

    serving& here_;
    origin::object_name name_;
    origin::version_ptr version_;
    time_point until_;
    purged done_;
};

struct page_purging {
    serving& here;
    const std::string& bucket;
    const origin::object_listing& page;
    time_point until;
    std::size_t next = 0;
    purged sum;

    engine::task<void> work() {
        while (next < page.objects.size()) {
            const std::string& key = page.objects[next++].key;
            const bool late = engine::now() >= until || here.stopping;
            auto one = late ? result<purged>(fail(errc::timed_out))
                            : co_await purge_object(
                                  here, {.scope = {}, .bucket = bucket, .key = key}, until);
            if (one) {
                sum += *one;
            } else {
                ++sum.failed;
            }
        }
    }
};

}  // namespace

purged& purged::operator+=(const purged& other) {
    objects += other.objects;
    failed += other.failed;
    chunks += other.chunks;
    silent.insert(other.silent.begin(), other.silent.end());
    return *this;
}

engine::task<result<purged>> purge_object(serving& here, origin::object_name name,
                                          time_point until) {
    auto version = co_await here.gateway.describe(name);
    if (version == nullptr) co_return fail(errc::not_found);
    purging work(here, std::move(name), std::move(version), until);
    co_return co_await work.run();
}

engine::task<purged> purge_listed(serving& here, std::string bucket,
                                  const origin::object_listing& page, time_point until) {
    page_purging all{.here = here, .bucket = bucket, .page = page, .until = until, .sum = {}};
    engine::scope workers;
    for (std::size_t n = std::min(objects_at_once, page.objects.size()); n > 0; --n) {
        workers.spawn(all.work());
    }
    co_await workers.close();
    co_return std::move(all.sum);
}

}  // namespace lode::frontend
