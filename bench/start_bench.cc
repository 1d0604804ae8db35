// How long a store takes to find again what a device holds: makes a sparse file of the wanted size
// whose every slab has a real header and a full table, and starts the production store on it. The
// chunks themselves are holes, for a start does not read them.
//
// Prints what was found, the bytes of tables that were read, and the seconds from before the device is
// opened until every core has found its shards.
#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "engine/base/aligned_memory.h"
#include "engine/runtime/core.h"
#include "engine/store/part_store.h"
#include "engine/store/superblock.h"

using namespace lode;
using namespace lode::engine;
using namespace lode::literals;

namespace {

struct command_line {
    std::string path;
    std::uint64_t size = std::uint64_t{1} << 40U;
    std::uint64_t part_length = (64_MiB).count();
    std::uint32_t cores = 2;
};

int complain(const std::string& sentence) {
    fmt::print(stderr, "{}\n", sentence);
    return 1;
}

// Numbers the chunks of all parts, shard by shard, so that each lands in its own shard.
class chunks_of_shard {
  public:
    chunks_of_shard(bytes part_length, std::uint32_t shards, std::uint32_t shard)
        : length_(part_length), shards_(shards), number_(shard) {}

    format::descriptor next() {
        const format::descriptor d{
            .part = {.high = number_, .low = (number_ + 1) * 0x9e37'79b9'7f4a'7c15U},
            .part_length = length_,
            .chunk = chunk_,
            .generation = 1,
            .sequence = ++sequence_,
            .checksum = 0};
        if (++chunk_ == chunk_count(length_)) {
            chunk_ = 0;
            number_ += shards_;
        }
        return d;
    }

  private:
    bytes length_;
    std::uint32_t shards_;
    std::uint64_t number_;
    std::uint32_t chunk_ = 0;
    std::uint64_t sequence_ = 0;
};

// The header and the full table of every slab. Parts are whole chunks of one size class.
bool write_tables(int fd, const format::superblock& super, bytes part_length) {
    const format::geometry& cut = super.cut;
    const size_class c = size_class::holding(std::min(part_length, chunk_size));
    const std::uint32_t slots = format::slots_in_slab(cut.slab_size, c);
    const aligned_memory memory(format::block + format::table_size(cut.slab_size, c));
    std::vector<chunks_of_shard> chunks;
    chunks.reserve(cut.shards);
    for (std::uint32_t shard = 0; shard < cut.shards; ++shard) {
        chunks.emplace_back(part_length, cut.shards, shard);
    }
    for (std::uint32_t slab = 0; slab < cut.slabs; ++slab) {
        const auto block = memory.span().first<format::block.count()>();
        encode(format::slab_header{.slab = slab, .size = c, .generation = 1}, super.device, block);
        for (std::uint32_t slot = 0; slot < slots; ++slot) {
            const std::size_t at = block.size() + slot * format::descriptor_size.count();
            encode(chunks[slab % cut.shards].next(),
                   {.device = super.device, .slab = slab, .slot = slot},
                   memory.span().subspan(at).first<format::descriptor_size.count()>());
        }
        const auto offset = static_cast<off_t>(format::slab_begin(cut, slab).value());
        const auto length = static_cast<ssize_t>(memory.span().size());
        if (::pwrite(fd, memory.span().data(), memory.span().size(), offset) != length)
            return false;
    }
    return ::fsync(fd) == 0;
}

std::string make_device(const command_line& given) {
    const int fd = ::open(given.path.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd < 0) return fmt::format("{} cannot be created, or exists already.", given.path);
    std::string problem;
    if (::ftruncate(fd, static_cast<off_t>(given.size)) != 0) {
        problem = fmt::format("{} cannot be made so large.", given.path);
    } else {
        const auto backing = open_file_backing({.path = given.path, .size = {}});
        const auto super = backing ? format_device(**backing, given.path, {}, overwriting::nothing)
                                   : std::unexpected(backing.error());
        if (!super) {
            problem = super.error();
        } else if (!write_tables(fd, *super, bytes(given.part_length))) {
            problem = fmt::format("{} cannot be written.", given.path);
        }
    }
    ::close(fd);
    return problem;
}

double seconds_of(const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
}

task<void> start_and_stop(part_store& store, core_id self) {
    const auto started = co_await store.start(self);
    LODE_ASSERT(started.has_value());
}

int measure(const command_line& given) {
    store_options o;
    o.memory = 64_MiB;
    o.cores = given.cores;
    o.devices = {{.path = given.path, .size = {}}};
    rusage before{};
    getrusage(RUSAGE_SELF, &before);
    const auto begin = std::chrono::steady_clock::now();
    auto store = part_store::open(o);
    if (!store) return complain(store.error());
    core_group group({.cores = given.cores, .pin = core_group::options::pinning::free});
    if (!group.start([&](core_id self) { return start_and_stop(**store, self); })) {
        return complain("the kernel gives no io_uring.");
    }
    group.join();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    rusage after{};
    getrusage(RUSAGE_SELF, &after);
    const store_stats s = (*store)->stats();
    const double cpu = seconds_of(after.ru_utime) + seconds_of(after.ru_stime) -
                       seconds_of(before.ru_utime) - seconds_of(before.ru_stime);
    fmt::print(
        "{} chunks of {} parts; {} MiB of tables read in {:.2f} s, with {:.2f} s of CPU; "
        "index {} MiB\n",
        s.recovered_chunks, s.recovered_parts, s.device_read_bytes >> 20U, taken.count(), cpu,
        s.index_bytes >> 20U);
    std::fflush(stdout);
    // Nothing was stopped in order: what is still under way ends with the process.
    std::_Exit(0);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("start_bench measures how long a store takes to find what a device holds.");
    command_line given;
    bool make = false;
    app.add_option("--path", given.path, "a sparse file")->required();
    app.add_option("--size", given.size, "of the file, in bytes");
    app.add_option("--part", given.part_length, "the length of each part, in bytes");
    app.add_option("--cores", given.cores, "that find their shards, each its own");
    app.add_flag("--make", make, "make the file first; it must not exist");
    CLI11_PARSE(app, argc, argv);
    if (make) {
        if (const std::string problem = make_device(given); !problem.empty()) {
            return complain(problem);
        }
    }
    return measure(given);
}
