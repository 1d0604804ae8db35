#include "engine/store/superblock.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include <fmt/format.h>

#include "engine/base/aligned_memory.h"
#include "engine/base/log.h"
#include "engine/base/random.h"

namespace lode::engine {
namespace {

using refusal = std::unexpected<std::string>;

refusal cannot_read(const std::string& path, error why) {
    return refusal(fmt::format("{} cannot be read ({}).", path, describe(why)));
}

// What may be done about a device that is refused for what it holds.
std::string remedy(const std::string& path) {
    return fmt::format("`lode format --force {}` makes it an empty cache; what it holds is lost.",
                       path);
}

bool all_zero(std::span<const std::byte> data) {
    return std::ranges::all_of(data, [](std::byte b) { return b == std::byte{0}; });
}

format::const_block_span block_at(std::span<const std::byte> head, device_offset at) {
    return head.subspan(at.value()).first<format::block.count()>();
}

superblock_copies copies_in(std::span<const std::byte> head) {
    return {.first = format::decode_superblock(block_at(head, format::first_superblock)),
            .second = format::decode_superblock(block_at(head, format::second_superblock))};
}

// The last MiB: some file systems and partition tables keep their mark there.
device_offset tail_of(const device_backing& device) {
    const bytes begin = device.size() - format::header_area;
    return device_offset((begin / format::block) * format::block.count());
}

// The edges of a device: copies of its superblock, or nothing at all, or something foreign.
struct edges {
    superblock_copies copies;
    bool empty = false;
};

// Too small for a cache and not empty: nobody needs to look what it is.
bool is_scrap(const device_backing& device) {
    return device.size() > bytes(0) && device.size() < format::device_size_min;
}

std::string describe_scrap(const device_backing& device, const std::string& path) {
    return fmt::format("{} has {} bytes of something already. {}", path, device.size().count(),
                       remedy(path));
}

std::optional<std::string> cannot_reserve(device_backing& device, const std::string& path) {
    const auto reserved = device.reserve();
    if (reserved) return std::nullopt;
    if (reserved.error().code == errc::no_space) {
        return fmt::format("{}: its file system has no room for it.", path);
    }
    return fmt::format("{} cannot be given its size ({}).", path, describe(reserved.error()));
}

result<edges> look_at(device_backing& device) {
    if (device.size() == bytes(0)) return edges{.copies = {}, .empty = true};
    const aligned_memory piece(format::header_area);
    if (auto got = device.read(device_offset(0), piece.span()); !got) {
        return std::unexpected(got.error());
    }
    edges seen{.copies = copies_in(piece.span()), .empty = all_zero(piece.span())};
    if (!seen.empty) return seen;
    if (auto got = device.read(tail_of(device), piece.span()); !got) {
        return std::unexpected(got.error());
    }
    seen.empty = all_zero(piece.span());
    return seen;
}

// No format helps against this, and nothing can be read before it is known.
std::optional<std::string> misaligned(const device_backing& device, const std::string& path) {
    if (device.alignment() <= format::block) return std::nullopt;
    return fmt::format("{} wants transfers aligned to {} bytes; lode uses {}.", path,
                       device.alignment().count(), format::block.count());
}

// Why a device that is not empty is neither used nor formatted; nullopt when it can be used.
std::optional<std::string> unusable(const edges& seen, const std::string& path) {
    if (seen.copies.either(errc::unavailable)) {
        return fmt::format("{} has a format that this version of lode does not know (it knows {}).",
                           path, format::version);
    }
    if (seen.copies.usable() != nullptr) return std::nullopt;
    if (seen.copies.either(errc::corrupt)) {
        return fmt::format("{} is a cache of lode whose superblocks are both damaged.", path);
    }
    return fmt::format("{} holds something that is not a cache of lode; it was left alone.", path);
}

std::optional<std::string> objection(const format::superblock& s, const device_backing& device,
                                     const std::string& path, const format_wishes& wishes) {
    if (s.cut.device_size > device.size()) {
        return fmt::format("{} was formatted at {} bytes but has only {}: it is truncated.", path,
                           s.cut.device_size.count(), device.size().count());
    }
    if (!wishes.node.empty() && !s.node.empty() && s.node != wishes.node) {
        return fmt::format("{} is the cache of node \"{}\", not of this node \"{}\".", path, s.node,
                           wishes.node);
    }
    return std::nullopt;
}

std::string already_a_cache(const format::superblock& s, const std::string& path) {
    if (s.node.empty()) return fmt::format("{} is a cache of lode already.", path);
    return fmt::format("{} is the cache of node \"{}\" already.", path, s.node);
}

refusal cannot_write(const std::string& path, error why) {
    return refusal(fmt::format("{} cannot be written ({}).", path, describe(why)));
}

// Nothing of the old content is left that anybody could take for what it was: no superblock of
// another time beside a new one, no half of a partition table.
result<> erase_edges(device_backing& device) {
    const aligned_memory zeros(format::header_area);
    if (auto done = device.write(device_offset(0), zeros.span()); !done) return done;
    return device.write(tail_of(device), zeros.span());
}

std::expected<format::superblock, std::string> write_superblocks(device_backing& device,
                                                                 const std::string& path,
                                                                 const std::string& node,
                                                                 const format::geometry& cut) {
    lode::random chance = lode::random::from_system();
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    format::superblock made{
        .cut = cut,
        .device = {.high = chance.next(), .low = chance.next()},
        .node = node,
        .formatted_at = static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::seconds>(since_1970).count())};
    const aligned_memory block(format::block);
    encode(made, block.span().first<format::block.count()>());
    for (const device_offset at : {format::first_superblock, format::second_superblock}) {
        if (auto written = device.write(at, block.span()); !written) {
            return cannot_write(path, written.error());
        }
    }
    return made;
}

// Of a device that has been found to be empty, or need not be.
std::expected<format::superblock, std::string> make_cache(device_backing& device,
                                                          const std::string& path,
                                                          const format_wishes& wishes,
                                                          overwriting what) {
    if (auto problem = cannot_reserve(device, path)) return refusal(*problem);
    if (device.size() < format::device_size_min) {
        return refusal(fmt::format("{} has {} bytes; a cache device needs at least {}.", path,
                                   device.size().count(), format::device_size_min.count()));
    }
    const auto cut = format::choose_geometry(device.size(), wishes.cut);
    if (!cut) {
        return refusal(
            fmt::format("{} cannot be divided into the shards and slabs asked for.", path));
    }
    if (what == overwriting::everything) {
        if (auto done = erase_edges(device); !done) return cannot_write(path, done.error());
    }
    return write_superblocks(device, path, wishes.node, *cut);
}

}  // namespace

bool superblock_copies::either(errc code) const {
    return (!first && first.error().code == code) || (!second && second.error().code == code);
}

const format::superblock* superblock_copies::usable() const {
    if (first) return &*first;
    return second ? &*second : nullptr;
}

result<superblock_copies> read_superblocks(device_backing& device) {
    const aligned_memory head(format::header_area);
    if (auto got = device.read(device_offset(0), head.span()); !got) {
        return std::unexpected(got.error());
    }
    return copies_in(head.span());
}

std::optional<std::string> occupant(device_backing& device, const std::string& path) {
    const auto seen = look_at(device);
    if (!seen) return cannot_read(path, seen.error()).error();
    if (seen->empty) return std::nullopt;
    auto problem = unusable(*seen, path);
    if (!problem) problem = already_a_cache(*seen->copies.usable(), path);
    return fmt::format("{} {}", *problem, remedy(path));
}

std::expected<format::superblock, std::string> open_or_format(device_backing& device,
                                                              const std::string& path,
                                                              const format_wishes& wishes) {
    if (auto problem = misaligned(device, path)) return refusal(*problem);
    // All of this before a file grows, which would hide its end and change what is then refused.
    if (is_scrap(device)) return refusal(describe_scrap(device, path));
    const auto seen = look_at(device);
    if (!seen) return cannot_read(path, seen.error());
    if (seen->empty) return make_cache(device, path, wishes, overwriting::nothing);
    if (auto problem = unusable(*seen, path)) {
        return refusal(fmt::format("{} {}", *problem, remedy(path)));
    }
    const format::superblock& s = *seen->copies.usable();
    if (auto problem = objection(s, device, path, wishes)) {
        return refusal(fmt::format("{} {}", *problem, remedy(path)));
    }
    if (auto problem = cannot_reserve(device, path)) return refusal(*problem);
    if (!seen->copies.first || !seen->copies.second) {
        log::warning("{}: one of the two superblocks is damaged; the other one is used.", path);
    }
    return s;
}

std::expected<format::superblock, std::string> format_device(device_backing& device,
                                                             const std::string& path,
                                                             const format_wishes& wishes,
                                                             overwriting what) {
    if (auto problem = misaligned(device, path)) return refusal(*problem);
    if (what == overwriting::nothing) {
        if (is_scrap(device)) return refusal(describe_scrap(device, path));
        if (auto problem = occupant(device, path)) return refusal(*problem);
    }
    return make_cache(device, path, wishes, what);
}

}  // namespace lode::engine
