#include "tools/lode/device_format.h"

#include <cerrno>
#include <optional>

#include <fmt/format.h>
#include <sys/stat.h>

#include "tools/lode/quantity.h"
#include "tools/lode/setting_table.h"
#include "tools/lode/text_checks.h"

namespace lode::tools {
namespace {

namespace format = engine::format;

// Known before the device is touched. How large it is may not be.
std::optional<std::string> problem_of(const format_request& r) {
    if (!is_node_name(r.node)) {
        return fmt::format("{} is not the name of a node.", in_quotes(r.node));
    }
    const bool sized = r.size != bytes(0);
    if (sized && r.size < format::device_size_min) {
        return fmt::format("{} would have {}; a cache device needs at least {}.", r.path,
                           print_size(r.size), print_size(format::device_size_min));
    }
    const bytes largest = format::shard_size_min * format::shards_max;
    const bytes assumed = sized ? r.size : largest;
    if (!format::choose_geometry(assumed, {.shards = r.shards, .slab_data = r.slab_size})) {
        return fmt::format(
            "{} cannot be divided like this: slabs are a power of two from {} to {}, shards a "
            "power "
            "of two up to {}, and each shard needs a slab.",
            r.path, print_size(format::slab_data_min), print_size(format::slab_data_max),
            format::shards_max);
    }
    return std::nullopt;
}

// Whether there is anything to format, or a size to make it at.
std::optional<std::string> obstacle(const format_request& r) {
    struct stat facts{};
    if (stat(r.path.c_str(), &facts) != 0) {
        if (errno != ENOENT || r.size != bytes(0)) return std::nullopt;
        return fmt::format("{} does not exist; --size says how large a file to create.", r.path);
    }
    const bytes present(static_cast<std::uint64_t>(facts.st_size));
    if (S_ISREG(facts.st_mode) && present == bytes(0) && r.size == bytes(0)) {
        return fmt::format("{} is an empty file; --size says how large it is to become.", r.path);
    }
    return std::nullopt;
}

}  // namespace

std::expected<format::superblock, std::string> format_path(const format_request& r) {
    if (auto problem = problem_of(r)) return std::unexpected(*problem);
    if (auto problem = obstacle(r)) return std::unexpected(*problem);
    const auto device = engine::open_file_backing({.path = r.path, .size = r.size});
    if (!device) return std::unexpected(device.error());
    return engine::format_device(
        **device, r.path, {.node = r.node, .cut = {.shards = r.shards, .slab_data = r.slab_size}},
        r.what);
}

std::string print_formatted(const std::string& path, const format::superblock& made) {
    return fmt::format(
        "{} is an empty cache of lode now, for {}: {} in {} slabs of {} and {}.\n", path,
        made.node.empty() ? "any node" : "node " + made.node, print_size(made.cut.device_size),
        made.cut.slabs, print_size(made.cut.slab_size - format::slab_overhead),
        made.cut.shards == 1 ? "one shard" : fmt::format("{} shards", made.cut.shards));
}

}  // namespace lode::tools
