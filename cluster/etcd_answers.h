// cluster/etcd_answers.h
//
// What etcd's HTTP gateway (version 3) says, read out of its JSON. Keys and values are in Base64 there, and
// numbers of 64 bits are texts. Pure; any text may come.
//
//   Errors  `protocol` for what is no such answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"

namespace lode::cluster {

struct etcd_entry {
    std::string key;
    std::string value;
    std::uint64_t revision = 0;  // of its last change
    std::uint64_t lease = 0;
};

struct etcd_range {
    std::uint64_t revision = 0;  // of the store, when it was read
    std::vector<etcd_entry> entries;
    std::uint64_t broken = 0;  // entries that could not be read
};
[[nodiscard]] result<etcd_range> parse_etcd_range(std::string_view body);

struct etcd_event {
    enum class kind : std::uint8_t { put, removed } what = kind::put;
    etcd_entry entry;
};

// One line of a watch.
struct etcd_news {
    std::uint64_t revision = 0;
    std::vector<etcd_event> events;
    std::uint64_t broken = 0;
    bool is_over = false;    // etcd ends the watch
    bool compacted = false;  // and what happened since the revision asked for is no longer known
    std::string reason;
};
[[nodiscard]] result<etcd_news> parse_etcd_news(std::string_view line);

struct etcd_lease {
    std::uint64_t id = 0;
    std::uint64_t seconds = 0;  // 0: it is over
};
[[nodiscard]] result<etcd_lease> parse_etcd_grant(std::string_view body);
[[nodiscard]] result<etcd_lease> parse_etcd_keepalive(std::string_view body);

[[nodiscard]] result<std::string> parse_etcd_token(std::string_view body);

// Whether a transaction's conditions held.
[[nodiscard]] result<bool> parse_etcd_transaction(std::string_view body);

// What etcd complains of in an answer that is none, fit for a log line; empty where it does not say.
[[nodiscard]] std::string parse_etcd_complaint(std::string_view body);

[[nodiscard]] std::string to_base64(std::string_view bytes);
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

// The key behind all keys that begin with `prefix`, which is not empty.
[[nodiscard]] std::string end_of_prefix(std::string prefix);

}  // namespace lode::cluster
