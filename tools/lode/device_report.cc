#include "tools/lode/device_report.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "frontend/s3/utf8.h"
#include "tools/lode/quantity.h"
#include "tools/lode/text_checks.h"

namespace lode::tools {
namespace {

using engine::class_census;
using engine::described_chunk;
using engine::device_census;
using engine::verification;

constexpr std::size_t bar_width = 30;

std::string json_string(std::string_view text) {
    std::string out = "\"";
    while (!text.empty()) {
        const auto byte = static_cast<unsigned char>(text.front());
        std::size_t length = frontend::s3::utf8_length(text);
        if (byte == '"' || byte == '\\') {
            out += '\\';
            out += text.front();
        } else if (length == 0 || byte < 0x20 || byte == 0x7f) {
            out += fmt::format("\\u{:04x}", byte);
            length = 1;
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(length);
    }
    return out += '"';
}

// lode gives its devices plain names; what else is on a disk is shown byte by byte.
std::string shown(std::string_view node) {
    if (node.empty()) return "any";
    if (is_node_name(node)) return std::string(node);
    std::string out;
    for (const char c : node) {
        const bool plain = c >= 0x20 && c < 0x7f && c != '\\';
        out += plain ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    return out;
}

std::string hexadecimal(hash128 id) { return fmt::format("{:016x}{:016x}", id.high, id.low); }

std::string date_of(std::uint64_t seconds_since_1970) {
    constexpr std::uint64_t year_10000 = 253'402'300'800;
    if (seconds_since_1970 >= year_10000) return fmt::format("second {}", seconds_since_1970);
    const auto when = static_cast<std::time_t>(seconds_since_1970);
    std::tm parts{};
    gmtime_r(&when, &parts);
    std::array<char, 64> text{};
    const std::size_t length =
        std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts);
    return {text.data(), length};
}

std::string_view state_of(const result<engine::format::superblock>& copy) {
    if (copy) return "whole";
    return copy.error().code == errc::not_found ? "absent" : "damaged";
}

bool copies_differ(const engine::superblock_copies& c) {
    return c.first && c.second && c.first->device != c.second->device;
}

std::string print_copies(const engine::superblock_copies& c) {
    if (copies_differ(c)) return "both whole, but the second is of another cache";
    if (c.first && c.second) return "both whole";
    return fmt::format("the first is {}, the second is {}", state_of(c.first), state_of(c.second));
}

std::string print_slabs(const device_census& census, const engine::format::geometry& cut) {
    std::string out = fmt::format("{} of {}: {} used, {} never used", cut.slabs,
                                  print_size(cut.slab_size - engine::format::slab_overhead),
                                  census.total().slabs, census.slabs_unused);
    if (census.slabs_damaged > 0) {
        out += fmt::format(", {} with a damaged header", census.slabs_damaged);
    }
    if (census.slabs_unread > 0) out += fmt::format(", {} unreadable", census.slabs_unread);
    return out;
}

std::string print_row(std::string_view name, const class_census& c) {
    return fmt::format("  {:<6} {:>8} {:>11} {:>11} {:>10} {:>11} {:>9} {:>8}\n", name, c.slabs,
                       c.slots, c.descriptors.valid, approximate_size(c.data), c.descriptors.empty,
                       c.descriptors.leftover, c.descriptors.damaged);
}

std::string print_classes(const device_census& census) {
    if (census.total().slabs == 0) return {};
    std::string out =
        fmt::format("\n  {:<6} {:>8} {:>11} {:>11} {:>10} {:>11} {:>9} {:>8}\n", "slots", "slabs",
                    "slots", "chunks", "data", "empty", "leftover", "damaged");
    for (std::uint8_t i = 0; i < size_class::count; ++i) {
        const class_census& c = census.classes[i];
        if (c.slabs > 0) out += print_row(print_size(size_class(i).size()), c);
    }
    return out + print_row("all", census.total());
}

engine::format::superblock used(const device_report& r) { return *r.copies.usable(); }

device_offset place_of(const device_report& r, const described_chunk& c) {
    const engine::format::geometry cut = used(r).cut;
    return engine::format::slot_begin(cut, c.slab.slab % cut.shards, c.slab.size,
                                      {.slab = c.slab.slab / cut.shards, .slot = c.slot});
}

bool has_damaged_chunks(const device_report& r) {
    return r.census.chunks.damaged + r.census.chunks.unread > 0;
}

std::string print_verification(const device_report& r) {
    const verification& v = r.census.chunks;
    std::string out = fmt::format("\nverified: {} chunks, {}", v.whole + v.damaged + v.unread,
                                  approximate_size(v.read));
    if (has_damaged_chunks(r)) {
        out += fmt::format("; {} do not match their checksum, {} cannot be read\n", v.damaged,
                           v.unread);
    } else {
        out += "; all of them match their checksums\n";
    }
    if (v.replaced > 0) {
        out += fmt::format("  {} chunks were replaced meanwhile and are not judged\n", v.replaced);
    }
    for (const described_chunk& c : v.bad) {
        out += fmt::format("  byte {}: slab {}, slot {}: chunk {} of part {}\n",
                           place_of(r, c).value(), c.slab.slab, c.slot, c.is.chunk,
                           hexadecimal(c.is.part));
    }
    if (v.damaged + v.unread > v.bad.size()) out += "  and more\n";
    if (v.damaged > 0) {
        out +=
            "  lode never serves these. What was being replaced when lode was killed looks the\n"
            "  same; many of them, or ones that cannot be read, speak of a failing device.\n";
    }
    return out;
}

std::string print_notes(const device_report& r) {
    std::string out;
    const bytes formatted = used(r).cut.device_size;
    if (formatted > r.size) {
        out +=
            fmt::format("\nnote: it was formatted at {} bytes but has only {}: it is truncated.\n",
                        formatted.count(), r.size.count());
    }
    if (r.in_use) {
        out += "\nnote: the device is in use; these figures may be of a moment ago.\n";
    }
    return out;
}

std::string json_of(const class_census& c, size_class size) {
    return fmt::format(
        R"({{"slot_size":{},"slabs":{},"slots":{},"valid":{},"empty":{},"leftover":{},)"
        R"("damaged":{},"bytes":{}}})",
        size.size().count(), c.slabs, c.slots, c.descriptors.valid, c.descriptors.empty,
        c.descriptors.leftover, c.descriptors.damaged, c.data.count());
}

std::string json_of_verification(const device_report& r) {
    if (r.chunks == verified::no) return "null";
    const verification& v = r.census.chunks;
    std::vector<std::string> bad;
    bad.reserve(v.bad.size());
    for (const described_chunk& c : v.bad) {
        bad.push_back(fmt::format(R"({{"offset":{},"slab":{},"slot":{},"part":"{}","chunk":{}}})",
                                  place_of(r, c).value(), c.slab.slab, c.slot,
                                  hexadecimal(c.is.part), c.is.chunk));
    }
    return fmt::format(
        R"({{"whole":{},"damaged":{},"unreadable":{},"replaced":{},"bytes":{},"bad":[{}]}})",
        v.whole, v.damaged, v.unread, v.replaced, v.read.count(), fmt::join(bad, ","));
}

}  // namespace

std::string print_report(const device_report& r) {
    const engine::format::superblock s = used(r);
    const device_census& census = r.census;
    std::string out =
        fmt::format("{} is a cache of lode, format {}\n\n", r.path, engine::format::version);
    out += fmt::format("  node         {}\n", shown(s.node));
    out += fmt::format("  device id    {}\n", hexadecimal(s.device));
    out += fmt::format("  formatted    {}, at {}\n", date_of(s.formatted_at),
                       approximate_size(s.cut.device_size));
    out += fmt::format("  superblocks  {}\n", print_copies(r.copies));
    out += fmt::format("  shards       {}\n", s.cut.shards);
    out += fmt::format("  slabs        {}\n", print_slabs(census, s.cut));
    out += fmt::format("  parts        {}{}\n", census.parts_exact ? "" : "about ", census.parts);
    out += fmt::format("  data         {} in {} chunks\n", approximate_size(census.total().data),
                       census.total().descriptors.valid);
    out += print_classes(census);
    if (r.chunks == verified::yes) out += print_verification(r);
    return out + print_notes(r);
}

std::string print_report_json(const device_report& r) {
    const engine::format::superblock s = used(r);
    std::vector<std::string> classes;
    for (std::uint8_t i = 0; i < size_class::count; ++i) {
        if (r.census.classes[i].slabs > 0) {
            classes.push_back(json_of(r.census.classes[i], size_class(i)));
        }
    }
    std::string out = fmt::format(R"({{"device":{},"size":{},"in_use":{},"format":{},"node":{},)",
                                  json_string(r.path), r.size.count(), r.in_use,
                                  engine::format::version, json_string(s.node));
    out +=
        fmt::format(R"("id":"{}","formatted_at":{},"formatted_size":{},"shards":{},)",
                    hexadecimal(s.device), s.formatted_at, s.cut.device_size.count(), s.cut.shards);
    out += fmt::format(R"("superblocks":["{}","{}"],"slab_size":{},)", state_of(r.copies.first),
                       copies_differ(r.copies) ? "of another cache" : state_of(r.copies.second),
                       s.cut.slab_size.count());
    out += fmt::format(
        R"("slabs":{{"total":{},"used":{},"never_used":{},"damaged_header":{},"unreadable":{}}},)",
        s.cut.slabs, r.census.total().slabs, r.census.slabs_unused, r.census.slabs_damaged,
        r.census.slabs_unread);
    out += fmt::format(R"("classes":[{}],"parts":{},"parts_exact":{},"verification":{}}})",
                       fmt::join(classes, ","), r.census.parts, r.census.parts_exact,
                       json_of_verification(r));
    return out += '\n';
}

std::string describe_no_cache(const std::string& path, const engine::superblock_copies& copies) {
    if (copies.either(errc::unavailable)) {
        return fmt::format("{} has a format that this version of lode does not know (it knows {}).",
                           path, engine::format::version);
    }
    if (copies.either(errc::corrupt)) {
        return fmt::format("{} is a cache of lode whose superblocks are both damaged.", path);
    }
    return fmt::format("{} is no cache of lode.", path);
}

std::string print_progress(bytes done, bytes total) {
    const double share =
        total == bytes(0) ? 1.0
                          : static_cast<double>(done.count()) / static_cast<double>(total.count());
    const auto filled = std::min(bar_width, static_cast<std::size_t>(share * bar_width));
    return fmt::format("[{}{}] {:5.1f}%  {:>9} of {}", std::string(filled, '#'),
                       std::string(bar_width - filled, '.'), 100.0 * share, approximate_size(done),
                       approximate_size(total));
}

bool is_sound(const device_report& r) {
    return r.chunks == verified::no || (!has_damaged_chunks(r) && r.census.slabs_unread == 0);
}

}  // namespace lode::tools
