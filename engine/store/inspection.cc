#include "engine/store/inspection.h"

#include "engine/base/aligned_memory.h"
#include "engine/store/distinct_count.h"
#include "engine/store/part_key.h"

namespace lode::engine {
namespace {

// Exact for every device that holds no more parts than this.
constexpr std::size_t part_ids_kept = std::size_t{1} << 18U;

// The header and the first block of the table: all that slabs of large slots have.
constexpr bytes head_and_first_block = format::block * 2;

class inspector {
  public:
    inspector(device_backing& device, const format::superblock& of, const inspection_options& o)
        : device_(device),
          super_(of),
          options_(o),
          verifier_(device, of),
          memory_(format::block + format::table_size(of.cut.slab_size, size_class(0))) {}

    device_census run() {
        const std::uint32_t slabs = super_.cut.slabs;
        for (std::uint32_t number = 0; number < slabs; ++number) {
            look_at_slab(number);
            if (options_.progress) {
                options_.progress(super_.cut.slab_size * (number + 1),
                                  super_.cut.slab_size * slabs);
            }
        }
        if (!suspects_.empty()) look_again();
        seen_.parts = parts_.count();
        seen_.parts_exact = parts_.exact();
        return std::move(seen_);
    }

  private:
    void look_at_slab(std::uint32_t number) {
        const auto header = read_slab(number);
        if (!header) {
            const errc why = header.error().code;
            ++(why == errc::not_found ? seen_.slabs_unused
               : why == errc::corrupt ? seen_.slabs_damaged
                                      : seen_.slabs_unread);
            return;
        }
        class_census& c = seen_.classes[header->size.index()];
        ++c.slabs;
        c.slots += format::slots_in_slab(super_.cut.slab_size, header->size);
        chunks_.clear();
        c.descriptors.add(for_each_chunk(*header, [&](const described_chunk& chunk) {
            c.data += chunk_length(chunk.is.part_length, chunk.is.chunk);
            parts_.add(chunk.is.part);
            chunks_.push_back(chunk);
        }));
        if (options_.data == inspection_options::chunks::left_alone) return;
        verifier_.verify(chunks_, [this](const described_chunk& chunk, chunk_state state) {
            first_verdict(chunk, state);
        });
    }

    // Header and table of a slab into memory_. not_found: never used; corrupt: a damaged header; io:
    // unreadable.
    result<format::slab_header> read_slab(std::uint32_t number) {
        const format::geometry& cut = super_.cut;
        const device_offset begin = format::slab_begin(cut, number);
        const auto head = memory_.span().first(head_and_first_block.count());
        if (auto got = device_.read(begin, head); !got) return fail(errc::io, got.error().sys);
        auto header =
            format::decode_slab_header(head.first<format::block.count()>(), super_.device, number);
        if (!header) return header;
        const bytes end = format::block + format::table_size(cut.slab_size, header->size);
        const auto rest = memory_.span().first(end.count()).subspan(head_and_first_block.count());
        if (rest.empty()) return header;
        auto got = device_.read(begin + head_and_first_block, rest);
        if (!got) return fail(errc::io, got.error().sys);
        return header;
    }

    template <class Visit>
    table_tally for_each_chunk(const format::slab_header& header, Visit visit) {
        const bytes length = format::table_size(super_.cut.slab_size, header.size);
        const auto table = memory_.span().subspan(format::block.count(), length.count());
        return slab_table(super_, header)
            .read(table, 0, [&](std::uint32_t slot, const format::descriptor& d) {
                visit(described_chunk{.slab = header, .slot = slot, .is = d});
            });
    }

    void first_verdict(const described_chunk& chunk, chunk_state state) {
        if (state != chunk_state::unread) {
            seen_.chunks.read += chunk_length(chunk.is.part_length, chunk.is.chunk);
        }
        const bool again = state != chunk_state::whole && options_.settle &&
                           suspects_.size() < inspection_options::second_looks_max;
        if (again) {
            suspects_.push_back(chunk);
        } else {
            count(chunk, state);
        }
    }

    void count(const described_chunk& chunk, chunk_state state) {
        verification& v = seen_.chunks;
        ++(state == chunk_state::whole     ? v.whole
           : state == chunk_state::damaged ? v.damaged
                                           : v.unread);
        if (state != chunk_state::whole && v.bad.size() < inspection_options::bad_listed_max) {
            v.bad.push_back(chunk);
        }
    }

    void look_again() {
        options_.settle();
        for (const described_chunk& suspect : suspects_) {
            const chunk_state state = verifier_.verify(suspect);
            if (state != chunk_state::whole && still_described(suspect)) {
                count(suspect, state);
            } else {
                ++seen_.chunks.replaced;
            }
        }
    }

    bool still_described(const described_chunk& chunk) {
        const auto header = read_slab(chunk.slab.slab);
        if (!header) return header.error().code == errc::io;
        bool found = false;
        for_each_chunk(*header, [&](const described_chunk& now) {
            found = found || (now.slot == chunk.slot && now.is.sequence == chunk.is.sequence &&
                              now.is.generation == chunk.is.generation);
        });
        return found;
    }

    device_backing& device_;
    const format::superblock& super_;
    const inspection_options& options_;
    chunk_verifier verifier_;
    aligned_memory memory_;  // one slab's header and table
    std::vector<described_chunk> chunks_;
    std::vector<described_chunk> suspects_;
    distinct_count parts_{part_ids_kept};
    device_census seen_;
};

}  // namespace

class_census device_census::total() const {
    class_census sum;
    for (const class_census& c : classes) {
        sum.slabs += c.slabs;
        sum.slots += c.slots;
        sum.descriptors.add(c.descriptors);
        sum.data += c.data;
    }
    return sum;
}

device_census inspect(device_backing& device, const format::superblock& of,
                      const inspection_options& o) {
    return inspector(device, of, o).run();
}

}  // namespace lode::engine
