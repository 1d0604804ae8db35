// The input is what etcd, or whoever writes into it, may say: an answer, a line of a watch, a record.
//
//   - It is refused or read; nothing else happens.
//   - A record that is accepted keeps the limits, and reads back as the same node when it is printed.
//   - A complaint is one short line.
#include <algorithm>

#include "cluster/etcd_answers.h"
#include "cluster/node_record.h"
#include "tests/fuzz/fuzz_input.h"

using namespace lode;
using namespace lode::cluster;
using fuzz::must_hold;

namespace {

void check_record(std::string_view text) {
    const auto read = parse_node_record("node-a", text);
    if (!read) {
        must_hold(!read.error().empty(), "a refusal says why");
        return;
    }
    must_hold(read->slots.size() <= record_ranges_max, "not too many ranges");
    std::uint64_t free_from = 0;
    for (const slot_range& range : read->slots) {
        must_hold(range.count > 0 && range.first >= free_from, "ascending and apart");
        free_from = std::uint64_t{range.first} + range.count;
    }
    must_hold(free_from <= slots_max, "below the limit");

    const auto again = parse_node_record("node-a", print_node_record({.name = read->name,
                                                                      .address = read->address,
                                                                      .zone = read->zone,
                                                                      .capacity = read->capacity,
                                                                      .slots = read->slots,
                                                                      .draining = read->draining}));
    must_hold(again && *again == *read, "what was printed is the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t length) {
    const std::string_view text = fuzz::text_of(data, length);
    check_record(text);
    (void)parse_etcd_range(text);
    (void)parse_etcd_news(text);
    (void)parse_etcd_grant(text);
    (void)parse_etcd_keepalive(text);
    (void)parse_etcd_transaction(text);
    if (const auto token = parse_etcd_token(text)) must_hold(!token->empty(), "a token is a text");
    const std::string complaint = parse_etcd_complaint(text);
    must_hold(complaint.size() <= 200, "a complaint is short");
    must_hold(
        std::ranges::none_of(
            complaint, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }),
        "and has no control characters");
    if (const auto plain = from_base64(text)) {
        must_hold(from_base64(to_base64(*plain)) == plain, "Base64 there and back");
    }
    return 0;
}
