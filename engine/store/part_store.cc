#include "engine/store/part_store.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "engine/base/assert.h"
#include "engine/base/log.h"
#include "engine/runtime/remote.h"
#include "engine/runtime/scope.h"
#include "engine/store/home.h"
#include "engine/store/near_chunks.h"
#include "engine/store/superblock.h"

namespace lode::engine {
namespace {

constexpr bytes indexed_per_part{std::uint64_t{128} << 10U};
constexpr std::uint64_t parts_min = 65536;  // of a core
constexpr std::uint64_t further_chunks_min = 65536;
constexpr std::uint64_t further_chunks_per_mebibyte = 4;
constexpr std::size_t devices_max = 64;

bool is_local(core_id at) {
    const core* here = core::current_or_null();
    return here == nullptr || here->self() == at;
}

// As the chunk's home would have counted it.
void count_held(store_counters& count, const chunk_lease& held, bytes beyond) {
    const bool first = beyond == bytes(0) || beyond >= whole_chunk;
    const std::uint64_t there = held.data().size();
    count.hits_memory.add(first ? 1 : 0);
    count.bytes_memory.add(first ? there : there - std::min(beyond.count(), there - 1));
}

}  // namespace

struct part_store::node final : device_watcher {
    struct device {
        std::unique_ptr<device_backing> backing;
        format::superblock super;
        std::unique_ptr<counter> in_service = std::make_unique<counter>();  // core 0 writes it
    };
    // What one core's index is made for.
    struct bounds {
        std::uint32_t parts = 0;
        std::uint64_t further_chunks = 0;
    };

    store_options options;
    std::vector<device> devices;
    std::uint32_t shards = format::shards_max;  // the fewest of any device
    std::vector<std::unique_ptr<store_counters>> counters;
    std::vector<std::unique_ptr<home>> homes;        // each made and used by its core
    std::vector<std::unique_ptr<near_chunks>> near;  // likewise; null before start and after stop

    // A device with more shards than another has its shards' homes in the same order, so that all
    // shards of a part have one home.
    [[nodiscard]] core_id home_of_shard(std::uint32_t shard) const {
        return core_id(static_cast<std::uint16_t>((shard & (shards - 1)) % options.cores));
    }
    // How many of a device's shards are a core's, out of all.
    [[nodiscard]] bytes share_of(const device& d, core_id core) const {
        std::uint32_t mine = 0;
        for (std::uint32_t s = 0; s < d.super.cut.shards; ++s) mine += home_of_shard(s) == core;
        return d.super.cut.device_size / d.super.cut.shards * mine;
    }
    [[nodiscard]] bounds bounds_of(core_id core) const;

    // On core `i`.
    task<void> empty_near(std::size_t i) {
        if (near[i] != nullptr) co_await near[i]->empty(homes.size());
    }
    task<void> forget_on(core_id core, part_key part) {
        co_await on_core(core, [this, core, part] {
            if (near_chunks* n = near[core.value()].get()) n->forget(part);
        });
    }

    void device_gave_up(std::uint8_t number, device_trouble why) override;
    void device_changed(core_id on, std::uint8_t number, bool in_service) override {
        if (on == core_id(0)) devices[number].in_service->set(in_service ? 1 : 0);
    }
    void take_out(std::uint8_t number);
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
    for (const device_options& d : n->options.devices) {
        auto backing = n->options.open_device(d);
        if (!backing) return std::unexpected(std::move(backing.error()));
        auto super = open_or_format(**backing, d.path, wishes);
        if (!super) return std::unexpected(std::move(super.error()));
        n->shards = std::min(n->shards, super->cut.shards);
        n->devices.push_back({.backing = std::move(*backing), .super = std::move(*super)});
    }
    n->homes.resize(n->options.cores);
    n->near.resize(n->options.cores);
    for (std::size_t i = 0; i < n->options.cores; ++i) {
        n->counters.push_back(std::make_unique<store_counters>());
    }
    return std::unique_ptr<part_store>(new part_store(std::move(n)));
}

// In proportion to what the core may have to find again on its devices: with fewer cores than before,
// or more, each still has room for all of its shards.
part_store::node::bounds part_store::node::bounds_of(core_id core) const {
    bytes all = options.memory;
    bytes mine = options.memory / options.cores;
    for (const device& d : devices) {
        all += d.super.cut.device_size;
        mine += share_of(d, core);
    }
    const std::uint64_t parts = options.parts_max == 0
                                    ? std::max(parts_min, mine / indexed_per_part)
                                    : options.parts_max * (mine / chunk_size) / (all / chunk_size);
    return {
        .parts = static_cast<std::uint32_t>(
            std::clamp<std::uint64_t>(parts, 1, std::uint64_t{1} << 31U)),
        .further_chunks = further_chunks_min + further_chunks_per_mebibyte * (mine / chunk_size)};
}

void part_store::node::device_gave_up(std::uint8_t number, device_trouble why) {
    log::failure("{} {}; it was taken out of service. What it held is read from the origin.",
                 options.devices[number].path,
                 why == device_trouble::stall ? "does not answer" : "failed too often");
    take_out(number);
}

void part_store::node::take_out(std::uint8_t number) {
    for (std::size_t i = 0; i < homes.size(); ++i) {
        const auto there = [](void* self, std::uint64_t argument) {
            const node& n = *static_cast<node*>(self);
            home* h = n.homes[argument >> 8U].get();
            // A core that has not started yet will find out by itself.
            if (h != nullptr) home::take_out(h, argument & 0xffU);
        };
        post_to(core_id(static_cast<std::uint16_t>(i)),
                {.run = there, .object = this, .argument = (std::uint64_t{i} << 8U) | number});
    }
}

part_store::part_store(std::unique_ptr<node> n) : node_(std::move(n)) {}

part_store::~part_store() {
    for (auto& h : node_->homes) {
        if (h == nullptr || h->stopped()) continue;
        // Coroutines that did not end in time still point there; the process is about to end.
        static_cast<void>(h.release());  // NOLINT(bugprone-unused-return-value)
    }
    for (auto& n : node_->near)
        static_cast<void>(n.release());  // NOLINT(bugprone-unused-return-value)
}

task<result<>> part_store::start(core_id self) {
    LODE_ASSERT(self.value() < node_->homes.size() && node_->homes[self.value()] == nullptr);
    const node::bounds most = node_->bounds_of(self);
    home::setup s{.self = self,
                  .options = node_->options,
                  .count = *node_->counters[self.value()],
                  .parts_max = most.parts,
                  .chunks_max = most.further_chunks,
                  .devices = {},
                  .mine = [n = node_.get(),
                           self](std::uint32_t shard) { return n->home_of_shard(shard) == self; },
                  .watcher = *node_};
    for (std::size_t i = 0; i < node_->devices.size(); ++i) {
        const node::device& d = node_->devices[i];
        s.devices.push_back({.super = d.super,
                             .device = d.backing->on_core(self),
                             .write_limit = node_->options.devices[i].write_limit *
                                            node_->share_of(d, self).count() /
                                            d.super.cut.device_size.count()});
    }
    auto made = home::open(std::move(s));
    if (!made) co_return std::unexpected(made.error());
    node_->homes[self.value()] = std::move(*made);
    const std::size_t cores = node_->options.cores;
    node_->near[self.value()] =
        std::make_unique<near_chunks>(near_chunks::most_of(node_->options.memory, cores), cores);
    const time_point begun = now();
    const recovered found = co_await home_on(self)->start();
    if (found.chunks > 0) {
        log::info("core {}: found {} chunks of {} parts on devices in {} ms", self.value(),
                  found.chunks, found.parts,
                  std::chrono::duration_cast<std::chrono::milliseconds>(now() - begun).count());
    }
    if (found.damaged + found.unread + found.left_out > 0) {
        log::warning(
            "core {}: {} descriptors or slab headers were damaged, {} slabs could not be read, the "
            "index had no room for {} chunks; all of that will be read from the origin",
            self.value(), found.damaged, found.unread, found.left_out);
    }
    co_return result<>{};
}

task<void> part_store::stop(core_id self) {
    if (auto near = std::move(node_->near[self.value()])) co_await near->empty(0);
    home* here = home_on(self);
    if (here != nullptr && !here->stopped()) co_await here->stop();
}

core_id part_store::home_of(const part_key& part) const {
    return node_->home_of_shard(static_cast<std::uint32_t>(part.id.high));
}

task<result<chunk_lease>> part_store::read(part_key part, std::uint32_t chunk, time_point until,
                                           bytes beyond) {
    const core_id at = home_of(part);
    if (is_local(at)) co_return co_await home_on(at)->read(part, chunk, until, beyond);
    const core_id here = core::current().self();
    near_chunks::asking since;
    if (near_chunks* near = node_->near[here.value()].get(); near != nullptr) {
        if (auto held = near->borrow(part, chunk)) {
            count_held(*node_->counters[here.value()], *held, beyond);
            co_return std::move(*held);
        }
        since = near->begin();
    }
    auto lease =
        co_await on_core(at, [=, this] { return home_on(at)->read(part, chunk, until, beyond); });
    if (near_chunks* near = node_->near[here.value()].get(); lease && near != nullptr) {
        co_return near->arrived(part, chunk, std::move(*lease), since);
    }
    co_return lease;
}

task<result<>> part_store::fill(part_key part, chunk_range demanded,
                                std::unique_ptr<part_source> source, fill_extent extent) {
    const core_id at = home_of(part);
    co_return co_await on_core(at, [=, this, moved = std::move(source)]() mutable {
        return home_on(at)->fill(part, demanded, std::move(moved), extent);
    });
}

task<result<>> part_store::wait(part_key part, time_point until) {
    const core_id at = home_of(part);
    co_return co_await on_core(at, [=, this] { return home_on(at)->wait(part, until); });
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
        co_await on_core(at, [n = node_.get(), i] { return n->empty_near(i); });
    }
    for (std::size_t i = 0; i < node_->homes.size(); ++i) {
        const core_id at(static_cast<std::uint16_t>(i));
        co_await on_core(at, [=, this] { return home_on(at)->drop_memory(); });
    }
}

task<void> part_store::purge(part_key part) {
    const core_id at = home_of(part);
    co_await on_core(at, [=, this] { home_on(at)->purge(part); });
    // After the home: what a core asks for once it has forgotten is not there any more.
    scope others;
    for (std::size_t i = 0; i < node_->homes.size(); ++i) {
        const core_id other(static_cast<std::uint16_t>(i));
        if (other != at) others.spawn(node_->forget_on(other, part));
    }
    co_await others.close();
}

task<result<>> part_store::settle(time_point until) {
    for (std::size_t i = 0; i < node_->homes.size(); ++i) {
        const core_id at(static_cast<std::uint16_t>(i));
        auto settled = co_await on_core(at, [=, this] { return home_on(at)->settle(until); });
        if (!settled) co_return settled;
    }
    co_return result<>{};
}

task<std::expected<void, std::string>> part_store::take_out(std::string path) {
    const auto device = device_at(path);
    if (!device) co_return std::unexpected(fmt::format("{} is not a cache device.", path));
    node_->take_out(*device);
    co_return std::expected<void, std::string>{};
}

task<std::expected<void, std::string>> part_store::bring_back(std::string path) {
    const auto device = device_at(path);
    if (!device) co_return std::unexpected(fmt::format("{} is not a cache device.", path));
    for (std::size_t i = 0; i < node_->homes.size(); ++i) {
        const core_id at(static_cast<std::uint16_t>(i));
        auto back = co_await on_core(at, [=, this] { return home_on(at)->bring_back(*device); });
        if (back) continue;
        node_->take_out(*device);
        const auto code = back.error().code;
        co_return std::unexpected(
            code == errc::corrupt
                ? fmt::format("{} is not the device that it was: its superblock differs.", path)
            : code == errc::unavailable
                ? fmt::format("{} still has requests that it has not answered, or failed again; "
                              "try later.",
                              path)
                : fmt::format("{} cannot be read ({}).", path, lode::describe(back.error())));
    }
    co_return std::expected<void, std::string>{};
}

std::optional<std::uint8_t> part_store::device_at(std::string_view path) const {
    const auto& all = node_->options.devices;
    const auto found = std::ranges::find(all, path, &device_options::path);
    if (found == all.end()) return std::nullopt;
    return static_cast<std::uint8_t>(found - all.begin());
}

store_stats part_store::stats() const {
    store_stats sum;
    for (const auto& c : node_->counters) sum.add(*c);
    return sum;
}

void part_store::describe(metrics_page& page) const {
    stats().describe(page);
    const auto add = [&](std::string_view family, std::string_view help, auto value_of) {
        for (std::size_t i = 0; i < node_->devices.size(); ++i) {
            page.add(metrics_page::kind::gauge, family, help, value_of(node_->devices[i]),
                     {{.name = "device", .value = node_->options.devices[i].path}});
        }
    };
    add("lode_store_device_in_service", "Whether the device is used",
        [](const node::device& d) { return d.in_service->value(); });
    add("lode_store_device_size_bytes", "The device's size as it was formatted",
        [](const node::device& d) { return d.super.cut.device_size.count(); });
}

std::vector<std::string> part_store::summary() const {
    const store_options& o = node_->options;
    std::uint64_t parts = 0;
    std::uint64_t further_chunks = 0;
    for (std::size_t i = 0; i < o.cores; ++i) {
        const node::bounds most = node_->bounds_of(core_id(static_cast<std::uint16_t>(i)));
        parts += most.parts;
        further_chunks += most.further_chunks;
    }
    std::vector<std::string> lines{fmt::format(
        "store: {} MiB of memory over {} cores, {} shards; index for up to {} parts and {} further "
        "chunks",
        o.memory / chunk_size, o.cores, node_->shards, parts, further_chunks)};
    for (std::size_t i = 0; i < node_->devices.size(); ++i) {
        const format::geometry& cut = node_->devices[i].super.cut;
        lines.push_back(fmt::format("{}: {} MiB in {} slabs of {} KiB, {} shards",
                                    o.devices[i].path, cut.device_size / chunk_size, cut.slabs,
                                    cut.slab_size.count() / 1024, cut.shards));
    }
    return lines;
}

home* part_store::home_on(core_id core) const {
    LODE_ASSERT(core.value() < node_->homes.size());
    return node_->homes[core.value()].get();
}

}  // namespace lode::engine
