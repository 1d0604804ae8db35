#include "cluster/node_record.h"

#include <algorithm>

#include "cluster/json.h"
#include "cluster/own_addresses.h"
#include "engine/runtime/address.h"

namespace lode::cluster {
namespace {

constexpr std::size_t name_most = 253;

// Ascending and apart, and below the limit.
std::optional<std::vector<slot_range>> read_slots(const json& list) {
    if (!list.is_array() || list.size() > record_ranges_max) return std::nullopt;
    std::vector<slot_range> slots;
    std::uint64_t free_from = 0;
    for (const json& each : list) {
        if (!each.is_array() || each.size() != 2) return std::nullopt;
        const auto first = as_count(each[0]);
        const auto count = as_count(each[1]);
        if (!first || !count || *first < free_from || *first >= slots_max) return std::nullopt;
        if (*count == 0 || *count > slots_max - *first) return std::nullopt;
        free_from = *first + *count;
        slots.push_back({.first = static_cast<std::uint32_t>(*first),
                         .count = static_cast<std::uint32_t>(*count)});
    }
    return slots;
}

bool is_peer_address(const std::string& text) {
    const auto address = engine::socket_address::parse(text);
    return address && address->port() != 0 && !is_every_address(text);
}

}  // namespace

std::string print_node_record(const member& of) {
    json slots = json::array();
    for (const slot_range& range : of.slots) slots.push_back({range.first, range.count});
    return print_json({{"address", of.address},
                       {"zone", of.zone},
                       {"capacity", of.capacity.count()},
                       {"slots", std::move(slots)},
                       {"draining", of.draining}});
}

std::expected<discovered, std::string> parse_node_record(std::string_view name,
                                                         std::string_view text) {
    if (!is_member_name(name)) return std::unexpected("its key is no name of a node");
    if (text.size() > node_record_most) return std::unexpected("it is longer than 64 KiB");
    const json record = parse_json(text);
    if (!record.is_object()) return std::unexpected("it is no JSON object");

    const std::string* address = find_text(record, "address");
    if (address == nullptr || !is_peer_address(*address)) {
        return std::unexpected("its address is no IP address with a port");
    }
    const std::string* zone = find_text(record, "zone");
    if (zone == nullptr || !(zone->empty() || is_member_name(*zone))) {
        return std::unexpected("its zone is no name");
    }
    const auto capacity = find_count(record, "capacity");
    if (!capacity) return std::unexpected("its capacity is no number");
    const json* list = find(record, "slots");
    auto slots = list == nullptr ? std::nullopt : read_slots(*list);
    if (!slots) return std::unexpected("its slots are no ascending list of ranges");
    const json* draining = find(record, "draining");
    if (draining != nullptr && !draining->is_boolean()) {
        return std::unexpected("whether it is draining is neither true nor false");
    }
    return discovered{.name = std::string(name),
                      .address = *address,
                      .zone = *zone,
                      .capacity = bytes(*capacity),
                      .slots = std::move(*slots),
                      .draining = draining != nullptr && *draining == true};
}

bool is_member_name(std::string_view text) {
    return !text.empty() && text.size() <= name_most && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    });
}

}  // namespace lode::cluster
