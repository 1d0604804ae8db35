#include "frontend/locate.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "engine/runtime/remote.h"
#include "frontend/serving.h"

namespace lode::frontend {
namespace {

constexpr duration between_looks = std::chrono::milliseconds(50);

std::string_view words_for(origin::part_layout::certainty known) {
    using enum origin::part_layout::certainty;
    switch (known) {
        case computed: return "computed";
        case ends: return "first and last part as uploaded";
        case exact: return "as uploaded";
    }
    return "";
}

std::string in_json(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            quoted += '\\';
            quoted += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
            quoted += c;
        }
    }
    return quoted += '"';
}

// Any core may be at it: the one whose client asked.
engine::task<std::optional<prestaging::progress>> progress_anywhere(
    const node_context& node, const origin::object_name& name) {
    for (std::size_t core = 0; core < node.servings.size(); ++core) {
        serving* there = node.servings[core];
        if (there == nullptr) continue;
        auto found = co_await engine::on_core(core_id(static_cast<std::uint16_t>(core)),
                                              [&] { return there->prestages.progress_of(name); });
        if (found) co_return found;
    }
    co_return std::nullopt;
}

engine::task<void> look(serving& here, located_object& o) {
    o.prestaging = co_await progress_anywhere(here.node, o.name);
    o.parts.clear();
    for (std::uint32_t i = 0; o.version->size > bytes(0) && i < o.version->layout.parts(); ++i) {
        const engine::part_key key = o.version->part(i);
        o.parts.push_back({.extent = o.version->layout.at(i),
                           .home = here.node.store.home_of(key),
                           .chunks = co_await here.node.store.look(key)});
    }
}

}  // namespace

bool located_object::being_filled() const {
    return prestaging ||
           std::ranges::any_of(parts, [](const part& p) { return p.chunks.filling > 0; });
}

engine::task<std::optional<located_object>> locate(serving& here, origin::object_name name,
                                                   time_point until) {
    located_object found{
        .name = std::move(name), .version = nullptr, .parts = {}, .prestaging = {}};
    found.version = co_await here.gateway.describe(found.name);
    if (found.version == nullptr) co_return std::nullopt;
    co_await look(here, found);
    while (found.being_filled() && engine::now() < until) {
        co_await engine::sleep_for(between_looks);
        co_await look(here, found);
    }
    co_return found;
}

std::string print_located(const located_object& o) {
    std::string text = fmt::format("s3://{}/{}\n{} bytes, ETag {}, {} parts ({})\n", o.name.bucket,
                                   o.name.key, o.version->size.count(), o.version->etag,
                                   o.version->layout.parts(), words_for(o.version->layout.known()));
    if (o.prestaging) {
        text += fmt::format("pre-staging: {} of {} parts done\n", o.prestaging->done,
                            o.prestaging->parts);
    }
    if (o.parts.empty()) return text;
    text += fmt::format("{:>6} {:>16} {:>14} {:>5} {:>8} {:>8} {:>8} {:>8}\n", "part", "first byte",
                        "bytes", "core", "memory", "disk", "filling", "absent");
    for (std::size_t i = 0; i < o.parts.size(); ++i) {
        const located_object::part& p = o.parts[i];
        text += fmt::format("{:>6} {:>16} {:>14} {:>5} {:>8} {:>8} {:>8} {:>8}\n", i + 1,
                            p.extent.first.value(), p.extent.length.count(), p.home.value(),
                            p.chunks.memory, p.chunks.disk, p.chunks.filling, p.chunks.absent);
    }
    return text + "Memory, disk, filling and absent are in chunks of 1 MiB.\n";
}

std::string print_located_json(const located_object& o) {
    std::string parts;
    for (const located_object::part& p : o.parts) {
        parts += fmt::format(
            R"({}{{"first":{},"length":{},"core":{},"memory":{},"disk":{},"filling":{},"absent":{}}})",
            parts.empty() ? "" : ",", p.extent.first.value(), p.extent.length.count(),
            p.home.value(), p.chunks.memory, p.chunks.disk, p.chunks.filling, p.chunks.absent);
    }
    const std::string staging = o.prestaging ? fmt::format(R"({{"parts":{},"done":{}}})",
                                                           o.prestaging->parts, o.prestaging->done)
                                             : "null";
    return fmt::format(
        R"({{"bucket":{},"key":{},"size":{},"etag":{},"layout":{},"prestaging":{},"parts":[{}]}})"
        "\n",
        in_json(o.name.bucket), in_json(o.name.key), o.version->size.count(),
        in_json(o.version->etag), in_json(words_for(o.version->layout.known())), staging, parts);
}

}  // namespace lode::frontend
