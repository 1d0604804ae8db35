#include "engine/store/table_writer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/base/assert.h"
#include "engine/store/slab_table.h"

namespace lode::engine {
namespace {

constexpr std::size_t gathered_max = 4096;
constexpr std::size_t workers = 8;
using format::descriptors_per_block;

std::uint32_t block_of(std::uint32_t slot) { return slot / descriptors_per_block; }

format::block_span block_number(std::span<std::byte> memory, std::size_t i) {
    return memory.subspan(i * format::block.count()).first<format::block.count()>();
}

}  // namespace

table_writer::table_writer(device_io& device, const format::superblock& of, duration delay,
                           store_counters& count)
    : device_(device),
      super_(of),
      delay_(delay),
      count_(count),
      slabs_(of.cut.slabs),
      memory_(format::block * workers) {}

task<void> table_writer::run() {
    while (!stopping_ || !waiting_.empty()) {
        if (waiting_.empty()) {
            (void)co_await wake_.wait();
            continue;
        }
        // Only a full batch, a settle() or the end cut this wait short.
        if (!urgent_ && !stopping_ && waiting_.size() < gathered_max) {
            (void)co_await wake_.wait(now() + delay_);
        }
        urgent_ = false;
        const std::uint64_t included = noted_;
        running_ = true;
        co_await write_batch();
        running_ = false;
        settled_ = std::max(settled_, included);
        batch_ended_.notify_all();
    }
}

void table_writer::note(const change& c) {
    if (!device_.in_service()) return;
    waiting_.push_back(c);
    waiting_.back().order = ++noted_;
    if (waiting_.size() == 1 || waiting_.size() == gathered_max) wake_.notify_all();
}

void table_writer::assigned(std::uint32_t slab, size_class c, std::uint64_t generation) {
    change said{.slab = slab, .slot = c.index(), .what = change::kind::assigned, .is = {}};
    said.is.generation = generation;
    note(said);
}

void table_writer::written(std::uint32_t slab, std::uint32_t slot, const format::descriptor& d) {
    note({.slab = slab, .slot = slot, .what = change::kind::written, .is = d});
}

void table_writer::released(std::uint32_t slab, std::uint32_t slot) {
    note({.slab = slab, .slot = slot, .what = change::kind::released, .is = {}});
}

void table_writer::restored(const format::slab_header& slab, std::uint32_t chunks) {
    slab_state& s = slabs_[slab.slab];
    s.header = slab;
    s.on_device = true;
    set_described(s, chunks);
}

task<result<>> table_writer::settle(time_point until) {
    const std::uint64_t wanted = noted_;
    while (settled_ < wanted) {
        urgent_ = true;
        wake_.notify_all();
        if (auto ended = co_await batch_ended_.wait(until); !ended) co_return ended;
    }
    co_return result<>{};
}

task<result<>> table_writer::stop(time_point until) {
    stopping_ = true;
    wake_.notify_all();
    auto ended = co_await background_.wait_idle(until);
    if (ended) co_await background_.close();
    co_return ended;
}

void table_writer::forget() {
    LODE_ASSERT(!device_.in_service());
    waiting_.clear();
    settled_ = noted_;
    batch_ended_.notify_all();
    for (slab_state& s : slabs_) {
        set_described(s, 0);
        s = {};
    }
}

task<void> table_writer::write_batch() {
    batch_ = std::exchange(waiting_, {});
    plan_batch();
    co_await write_headers();
    // Now the bytes are durable that the descriptors speak of, and so are the headers.
    if (auto flushed = co_await device_.flush(); !flushed) co_return;
    next_block_ = 0;
    {
        scope writing;
        for (std::size_t i = 0; i < std::min(workers, blocks_.size()); ++i) {
            writing.spawn(write_blocks(i));
        }
        co_await writing.close();
    }
    (void)co_await device_.flush();
}

void table_writer::plan_batch() {
    new_slabs_.clear();
    blocks_.clear();
    std::ranges::sort(batch_, {}, [](const change& c) { return std::pair(c.slab, c.order); });
    for (std::span<change> rest(batch_); !rest.empty();) {
        const auto end = std::ranges::find_if(
            rest, [&](const change& c) { return c.slab != rest.front().slab; });
        const auto of_slab = rest.first(static_cast<std::size_t>(end - rest.begin()));
        plan_slab(of_slab);
        rest = rest.subspan(of_slab.size());
    }
}

void table_writer::plan_slab(std::span<change> of_slab) {
    slab_state& s = slabs_[of_slab.front().slab];
    // What was said before the slab changed its class is void.
    for (std::size_t i = of_slab.size(); i-- > 0;) {
        if (of_slab[i].what != change::kind::assigned) continue;
        s.header = {.slab = of_slab[i].slab,
                    .size = size_class(static_cast<std::uint8_t>(of_slab[i].slot)),
                    .generation = of_slab[i].is.generation};
        s.on_device = false;
        of_slab = of_slab.subspan(i + 1);
        break;
    }
    const bool fresh = !s.on_device;
    if (fresh) new_slabs_.push_back(s.header.slab);
    std::ranges::sort(of_slab, {},
                      [](const change& c) { return std::pair(block_of(c.slot), c.order); });
    while (!of_slab.empty()) {
        const std::uint32_t block = block_of(of_slab.front().slot);
        const auto end = std::ranges::find_if(
            of_slab, [&](const change& c) { return block_of(c.slot) != block; });
        const auto of_block = of_slab.first(static_cast<std::size_t>(end - of_slab.begin()));
        blocks_.push_back(
            {.slab = s.header.slab, .block = block, .fresh = fresh, .changes = of_block});
        of_slab = of_slab.subspan(of_block.size());
    }
}

task<void> table_writer::write_headers() {
    for (const std::uint32_t slab : new_slabs_) {
        slab_state& s = slabs_[slab];
        auto written = co_await clear_table(s.header);
        const format::block_span memory = block_number(memory_.span(), 0);
        encode(s.header, super_.device, memory);
        if (written) {
            written = co_await device_.write(format::slab_begin(super_.cut, slab), memory);
        }
        if (!device_.in_service()) co_return;
        // If not, the next change of the slab tries again.
        s.on_device = written.has_value();
        set_described(s, 0);
        count_.table_write_bytes.add(memory.size());
    }
}

// The new table may begin where the chunks of an earlier use are.
task<result<>> table_writer::clear_table(const format::slab_header& slab) {
    std::ranges::fill(memory_.span(), std::byte{0});
    const bytes size = format::table_size(super_.cut.slab_size, slab.size);
    const device_offset begin = format::table_begin(super_.cut, slab.slab);
    for (bytes at; at < size;) {
        const auto zeros =
            memory_.span().first(std::min(memory_.span().size(), (size - at).count()));
        auto written = co_await device_.write(begin + at, zeros);
        if (!written) co_return written;
        count_.table_write_bytes.add(zeros.size());
        at += bytes(zeros.size());
    }
    co_return result<>{};
}

task<void> table_writer::write_blocks(std::size_t worker) {
    const format::block_span memory = block_number(memory_.span(), worker);
    while (next_block_ < blocks_.size() && device_.in_service()) {
        co_await write_block(blocks_[next_block_++], memory);
    }
}

task<void> table_writer::write_block(const block_changes& b, format::block_span memory) {
    if (!slabs_[b.slab].on_device) co_return;
    const device_offset at = format::table_begin(super_.cut, b.slab) + format::block * b.block;
    if (b.fresh) {
        std::ranges::fill(memory, std::byte{0});
    } else if (auto got = co_await device_.read(at, memory); !got) {
        co_return;
    }
    const std::uint32_t before = described_in(b, memory);
    apply(b, memory);
    const std::uint32_t after = described_in(b, memory);
    auto put = co_await device_.write(at, memory);
    if (!put || !device_.in_service()) co_return;
    slab_state& s = slabs_[b.slab];
    set_described(s, s.described + after - before);
    count_.table_write_bytes.add(memory.size());
}

void table_writer::apply(const block_changes& b, format::block_span memory) const {
    for (const change& c : b.changes) {
        const auto place =
            memory.subspan(c.slot % descriptors_per_block * format::descriptor_size.count())
                .first<format::descriptor_size.count()>();
        if (c.what == change::kind::written) {
            encode(c.is, {.device = super_.device, .slab = c.slab, .slot = c.slot}, place);
        } else {
            std::ranges::fill(place, std::byte{0});
        }
    }
}

std::uint32_t table_writer::described_in(const block_changes& b,
                                         format::const_block_span memory) const {
    const slab_table table(super_, slabs_[b.slab].header);
    const auto ignore = [](std::uint32_t, const format::descriptor&) {};
    return static_cast<std::uint32_t>(
        table.read(memory, b.block * descriptors_per_block, ignore).valid);
}

void table_writer::set_described(slab_state& slab, std::uint32_t chunks) {
    count_.chunks_durable.add(chunks);
    count_.chunks_durable.subtract(slab.described);
    slab.described = chunks;
}

}  // namespace lode::engine
