#include "frontend/peer/hello.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "frontend/peer/fields.h"
#include "frontend/peer/wire.h"

namespace lode::frontend::peer {
namespace {

constexpr std::array<std::string_view, 5> hello_fields = {"cluster", "node", "view", "time",
                                                          "nonce"};
constexpr std::array<std::string_view, 9> description_fields = {
    "nonce", "node", "address", "zone", "capacity", "slots", "state", "load", "view"};
constexpr std::uint64_t any_number = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t time_max = 253'402'300'799;  // the last second of the year 9999
constexpr std::size_t address_length_max = 262;      // a name, a colon and a port
constexpr std::size_t slots_length_max = 64ULL << 10U;

std::string nonce_text(const nonce& n) {
    const auto hex = s3::to_hex(n);
    return std::string(s3::view_of(hex));
}

nonce read_nonce(field_reader& fields) {
    const std::string text = fields.text("nonce", 2 * sizeof(nonce));
    const auto read = s3::digest_from_hex(text);
    if (read) return *read;
    fields.refuse("nonce", "is not 64 hexadecimal digits");
    return {};
}

std::string read_name(field_reader& fields, std::string_view field) {
    std::string name = fields.text(field, name_length_max);
    if (name.contains(' ')) fields.refuse(field, "holds a blank");
    return name;
}

// "0-15.32": what is not a digit needs no percent-encoding.
std::string slots_text(const std::vector<cluster::slot_range>& slots) {
    std::string text;
    for (const cluster::slot_range& range : slots) {
        if (!text.empty()) text += '.';
        text += std::to_string(range.first);
        if (range.count > 1) text += "-" + std::to_string(range.first + range.count - 1);
    }
    return text;
}

std::optional<cluster::slot_range> parse_slot_range(std::string_view text) {
    const auto dash = text.find('-');
    const auto first = decimal(text.substr(0, dash), cluster::slots_max - 1);
    auto last = first;
    if (dash != std::string_view::npos) {
        last = decimal(text.substr(dash + 1), cluster::slots_max - 1);
        if (first && last && *last <= *first) return std::nullopt;
    }
    if (!first || !last) return std::nullopt;
    return cluster::slot_range{.first = static_cast<std::uint32_t>(*first),
                               .count = static_cast<std::uint32_t>(*last - *first + 1)};
}

// Ascending, with something between any two.
std::optional<std::vector<cluster::slot_range>> parse_slots(std::string_view text) {
    std::vector<cluster::slot_range> slots;
    std::uint32_t next = 0;  // no slot below this one may follow
    while (!text.empty()) {
        const auto dot = std::min(text.find('.'), text.size());
        const auto range = parse_slot_range(text.substr(0, dot));
        if (!range || slots.size() == slot_ranges_max) return std::nullopt;
        if (range->first < next || dot + 1 == text.size()) return std::nullopt;
        next = range->first + range->count + 1;
        slots.push_back(*range);
        text.remove_prefix(std::min(dot + 1, text.size()));
    }
    return slots;
}

}  // namespace

std::string hello_target(const hello& h, std::uint32_t protocol) {
    std::string target = path_of(protocol, hello_word) + "?";
    field_writer(target)
        .add("cluster", h.cluster)
        .add("node", h.node)
        .add_hex("view", h.view)
        .add("time", static_cast<std::uint64_t>(h.time.time_since_epoch().count()))
        .add("nonce", nonce_text(h.nonce));
    return target;
}

std::expected<hello, std::string> parse_hello(std::string_view query) {
    field_reader fields(query, hello_fields);
    hello h;
    h.cluster = read_name(fields, "cluster");
    h.node = read_name(fields, "node");
    h.view = fields.hex64("view");
    h.time = std::chrono::sys_seconds(std::chrono::seconds(fields.number("time", time_max)));
    h.nonce = read_nonce(fields);
    if (!fields.good()) return std::unexpected(fields.problem());
    return h;
}

std::string hello_answer_text(const hello_answer& a) {
    const cluster::member& who = a.about.who;
    std::string body;
    field_writer(body)
        .add("nonce", nonce_text(a.nonce))
        .add("node", who.name)
        .add("address", who.address)
        .add_some("zone", who.zone)
        .add("capacity", who.capacity.count())
        .add_some("slots", slots_text(who.slots))
        .add("state", name_of(a.about.state))
        .add("load", a.about.load.count())
        .add_hex("view", a.about.view);
    return body;
}

std::expected<hello_answer, std::string> parse_hello_answer(std::string_view body) {
    using enum field_reader::may_be;
    if (body.size() > description_max.count()) return std::unexpected("It is too long.");
    field_reader fields(body, description_fields);
    hello_answer a;
    cluster::member& who = a.about.who;
    a.nonce = read_nonce(fields);
    who.name = read_name(fields, "node");
    who.address = fields.text("address", address_length_max);
    who.zone = fields.text("zone", name_length_max, empty);
    who.capacity = bytes(fields.number("capacity", any_number));
    auto slots = parse_slots(fields.text("slots", slots_length_max, empty));
    if (!slots) {
        fields.refuse("slots", "is not ranges, ascending and apart");
    } else {
        who.slots = std::move(*slots);
    }
    a.about.state = static_cast<node_state>(fields.word("state", node_state_names));
    who.draining = a.about.state == node_state::draining;
    a.about.load = bytes(fields.number("load", any_number));
    a.about.view = fields.hex64("view");
    if (!fields.good()) return std::unexpected(fields.problem());
    return a;
}

}  // namespace lode::frontend::peer
