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

struct both_copies {
    result<format::superblock> first = fail(errc::not_found);
    result<format::superblock> second = fail(errc::not_found);

    [[nodiscard]] bool either(errc code) const {
        return (!first && first.error().code == code) || (!second && second.error().code == code);
    }
};

refusal cannot_read(const std::string& path, error why) {
    return refusal(fmt::format("{} cannot be read ({}).", path, describe(why)));
}

bool all_zero(std::span<const std::byte> data) {
    return std::ranges::all_of(data, [](std::byte b) { return b == std::byte{0}; });
}

format::const_block_span block_at(std::span<const std::byte> head, device_offset at) {
    return head.subspan(at.value()).first<format::block.count()>();
}

std::expected<format::superblock, std::string> format_device(device_backing& device,
                                                             const std::string& path,
                                                             const format_wishes& wishes) {
    auto cut = format::choose_geometry(device.size(), wishes.cut);
    if (!cut) {
        return refusal(
            fmt::format("{} cannot be divided into the shards and slabs asked for.", path));
    }
    lode::random chance = lode::random::from_system();
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    format::superblock made{
        .cut = *cut,
        .device = {.high = chance.next(), .low = chance.next()},
        .node = wishes.node,
        .formatted_at = static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::seconds>(since_1970).count())};
    const aligned_memory block(format::block);
    encode(made, block.span().first<format::block.count()>());
    for (const device_offset at : {format::first_superblock, format::second_superblock}) {
        if (auto written = device.write(at, block.span()); !written) {
            return refusal(
                fmt::format("{} cannot be written ({}).", path, describe(written.error())));
        }
    }
    return made;
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

}  // namespace

std::expected<format::superblock, std::string> open_or_format(device_backing& device,
                                                              const std::string& path,
                                                              const format_wishes& wishes) {
    if (device.alignment() > format::block) {
        return refusal(fmt::format("{} wants transfers aligned to {} bytes; lode uses {}.", path,
                                   device.alignment().count(), format::block.count()));
    }
    if (device.size() < format::device_size_min) {
        return refusal(fmt::format("{} has {} bytes; a cache device needs at least {}.", path,
                                   device.size().count(), format::device_size_min.count()));
    }
    const aligned_memory head(format::header_area);
    if (auto got = device.read(device_offset(0), head.span()); !got) {
        return cannot_read(path, got.error());
    }
    const both_copies found{
        .first = format::decode_superblock(block_at(head.span(), format::first_superblock)),
        .second = format::decode_superblock(block_at(head.span(), format::second_superblock))};
    if (found.either(errc::unavailable)) {
        return refusal(
            fmt::format("{} has a format that this version of lode does not know (it knows {}).",
                        path, format::version));
    }
    if (found.first || found.second) {
        if (!found.first || !found.second) {
            log::warning("{}: one of the two superblocks is damaged; the other one is used.", path);
        }
        const format::superblock& s = found.first ? *found.first : *found.second;
        if (auto problem = objection(s, device, path, wishes)) return refusal(*problem);
        return s;
    }
    if (found.either(errc::corrupt)) {
        return refusal(
            fmt::format("{} is a cache of lode whose superblocks are both damaged.", path));
    }
    // Some file systems and partition tables keep their mark at the end.
    const bytes tail_size = format::header_area;
    const bytes tail_begin((device.size() - tail_size).count() / format::block.count() *
                           format::block.count());
    const aligned_memory tail(tail_size);
    if (auto got = device.read(device_offset(tail_begin.count()), tail.span()); !got) {
        return cannot_read(path, got.error());
    }
    if (!all_zero(head.span()) || !all_zero(tail.span())) {
        return refusal(fmt::format(
            "{} holds something that is not a cache of lode; it was left alone.", path));
    }
    return format_device(device, path, wishes);
}

}  // namespace lode::engine
