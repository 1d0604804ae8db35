#include "engine/store/part_store.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "engine/base/assert.h"
#include "engine/base/log.h"
#include "engine/runtime/remote.h"
#include "engine/store/home.h"
#include "engine/store/superblock.h"

namespace lode::engine {
namespace {

constexpr bytes indexed_per_part{std::uint64_t{128} << 10U};
constexpr std::uint64_t parts_min = 65536;
constexpr std::uint64_t further_chunks_min = 65536;
constexpr std::uint64_t further_chunks_per_mebibyte = 4;
constexpr std::size_t devices_max = 64;

bool is_local(core_id at) {
    const core* here = core::current_or_null();
    return here == nullptr || here->self() == at;
}

}  // namespace

struct part_store::node {
    struct device {
        std::unique_ptr<device_backing> backing;
        format::superblock super;
    };

    store_options options;
    std::vector<device> devices;
    std::uint32_t shards = format::shards_max;  // the fewest of any device
    std::uint32_t parts_per_core = 0;
    std::uint64_t chunks_per_core = 0;
    std::vector<std::unique_ptr<store_counters>> counters;
    std::vector<std::unique_ptr<home>> homes;  // each made and used by its core

    // A device with more shards than another has its shards' homes in the same order, so that all
    // shards of a part have one home.
    [[nodiscard]] core_id home_of_shard(std::uint32_t shard) const {
        return core_id(static_cast<std::uint16_t>((shard & (shards - 1)) % options.cores));
    }
};

std::expected<std::unique_ptr<part_store>, std::string> part_store::open(store_options o) {
    LODE_ASSERT(o.cores > 0);
    if (o.devices.size() > devices_max) {
        return std::unexpected(fmt::format("at most {} cache devices are possible.", devices_max));
    }
    auto n = std::make_unique<node>();
    n->options = std::move(o);
    const format_wishes wishes{
        .node = n->options.node,
        .cut = {.shards = n->options.shards, .slab_data = n->options.slab_size}};
    bytes total = n->options.memory;
    for (const device_options& d : n->options.devices) {
        auto backing = n->options.open_device(d);
        if (!backing) return std::unexpected(std::move(backing.error()));
        auto super = open_or_format(**backing, d.path, wishes);
        if (!super) return std::unexpected(std::move(super.error()));
        total += super->cut.device_size;
        n->shards = std::min(n->shards, super->cut.shards);
        n->devices.push_back({.backing = std::move(*backing), .super = std::move(*super)});
    }
    const std::uint64_t parts = n->options.parts_max > 0
                                    ? n->options.parts_max
                                    : std::max(parts_min, total / indexed_per_part);
    n->parts_per_core = static_cast<std::uint32_t>(
        std::clamp<std::uint64_t>(parts / n->options.cores, 1, std::uint64_t{1} << 31U));
    n->chunks_per_core =
        further_chunks_min + further_chunks_per_mebibyte * (total / chunk_size) / n->options.cores;
    n->homes.resize(n->options.cores);
    for (std::size_t i = 0; i < n->options.cores; ++i) {
        n->counters.push_back(std::make_unique<store_counters>());
    }
    return std::unique_ptr<part_store>(new part_store(std::move(n)));
}

part_store::part_store(std::unique_ptr<node> n) : node_(std::move(n)) {}

part_store::~part_store() {
    for (auto& h : node_->homes) {
        if (h == nullptr || h->stopped()) continue;
        // Coroutines that did not end in time still point there; the process is about to end.
        static_cast<void>(h.release());  // NOLINT(bugprone-unused-return-value)
    }
}

task<result<>> part_store::start(core_id self) {
    LODE_ASSERT(self.value() < node_->homes.size() && node_->homes[self.value()] == nullptr);
    home::setup s{.self = self,
                  .options = node_->options,
                  .count = *node_->counters[self.value()],
                  .parts_max = node_->parts_per_core,
                  .chunks_max = node_->chunks_per_core,
                  .cuts = {},
                  .devices = {},
                  .mine = [n = node_.get(), self](std::uint32_t shard) {
                      return n->home_of_shard(shard) == self;
                  }};
    for (const node::device& d : node_->devices) {
        s.cuts.push_back(d.super.cut);
        s.devices.push_back(d.backing->on_core(self));
    }
    auto made = home::open(std::move(s));
    if (!made) co_return std::unexpected(made.error());
    node_->homes[self.value()] = std::move(*made);
    co_return result<>{};
}

task<void> part_store::stop(core_id self) {
    home* here = home_on(self);
    if (here != nullptr && !here->stopped()) co_await here->stop();
}

core_id part_store::home_of(const part_key& part) const {
    return node_->home_of_shard(static_cast<std::uint32_t>(part.id.high));
}

task<result<chunk_lease>> part_store::read(part_key part, std::uint32_t chunk, time_point until) {
    const core_id at = home_of(part);
    if (is_local(at)) co_return co_await home_on(at)->read(part, chunk, until);
    co_return co_await on_core(at, [=, this] { return home_on(at)->read(part, chunk, until); });
}

task<result<>> part_store::fill(part_key part, chunk_range wanted,
                                std::unique_ptr<part_source> source) {
    const core_id at = home_of(part);
    co_return co_await on_core(at, [=, this, moved = std::move(source)]() mutable {
        return home_on(at)->fill(part, wanted, std::move(moved));
    });
}

task<result<chunk_claim>> part_store::claim(part_key part, std::uint32_t chunk) {
    const core_id at = home_of(part);
    if (is_local(at)) co_return home_on(at)->claim(part, chunk);
    co_return co_await on_core(at, [=, this] { return home_on(at)->claim(part, chunk); });
}

task<presence> part_store::look(part_key part) {
    return look(part, {.first = 0, .count = chunk_count(part.length)});
}

task<presence> part_store::look(part_key part, chunk_range among) {
    const core_id at = home_of(part);
    if (is_local(at)) co_return home_on(at)->look(part, among);
    co_return co_await on_core(at, [=, this] { return home_on(at)->look(part, among); });
}

task<void> part_store::drop_memory() {
    for (std::size_t i = 0; i < node_->homes.size(); ++i) {
        const core_id at(static_cast<std::uint16_t>(i));
        co_await on_core(at, [=, this] { return home_on(at)->drop_memory(); });
    }
}

task<void> part_store::purge(part_key part) {
    const core_id at = home_of(part);
    co_await on_core(at, [=, this] { home_on(at)->purge(part); });
}

task<result<>> part_store::settle(time_point until) {
    for (std::size_t i = 0; i < node_->homes.size(); ++i) {
        const core_id at(static_cast<std::uint16_t>(i));
        auto settled = co_await on_core(at, [=, this] { return home_on(at)->settle(until); });
        if (!settled) co_return settled;
    }
    co_return result<>{};
}

store_stats part_store::stats() const {
    store_stats sum;
    for (const auto& c : node_->counters) sum.add(*c);
    return sum;
}

void part_store::describe(metrics_page& page) const { stats().describe(page); }

std::string part_store::summary() const {
    const store_options& o = node_->options;
    std::string text = fmt::format(
        "store: {} MiB of memory over {} cores, {} shards; index for up to {} parts and {} further "
        "chunks",
        o.memory / chunk_size, o.cores, node_->shards, node_->parts_per_core * o.cores,
        node_->chunks_per_core * o.cores);
    for (std::size_t i = 0; i < node_->devices.size(); ++i) {
        const format::geometry& cut = node_->devices[i].super.cut;
        text += fmt::format("\n{}: {} MiB in {} slabs of {} KiB, {} shards", o.devices[i].path,
                            cut.device_size / chunk_size, cut.slabs, cut.slab_size.count() / 1024,
                            cut.shards);
    }
    return text;
}

home* part_store::home_on(core_id core) const {
    LODE_ASSERT(core.value() < node_->homes.size());
    return node_->homes[core.value()].get();
}

}  // namespace lode::engine
