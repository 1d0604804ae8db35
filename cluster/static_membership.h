// cluster/static_membership.h
//
// The nodes are a list that an operator wrote: in the configuration, or in a file of its own that is
// read again when it changes. The lines claim slots by their order (slot_claim.h).
//
//   Errors   A file that cannot be read or used, or that this node is not in, leaves the last list in
//            force. A host's name that cannot be resolved leaves the node at its last address.
//   Limits   One look at the file per second. A file of 4 MiB.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/file_watch.h"
#include "cluster/name_lookup.h"
#include "cluster/source_thread.h"
#include "engine/base/clock.h"
#include "engine/base/units.h"

namespace lode::cluster {

struct listed_node {
    std::string name;
    std::string address;  // "10.0.0.7:9001" or "node-a.example:9001"
    std::string zone;
    bytes capacity;  // 0: nobody is there, and the line keeps its place

    friend bool operator==(const listed_node&, const listed_node&) = default;
};

inline constexpr bytes node_list_most{4ULL << 20U};

// A list out of a file's text, or one sentence on what is wrong with it, with the line.
using node_list_parser =
    std::function<std::expected<std::vector<listed_node>, std::string>(std::string_view text)>;

struct static_options {
    std::string self;                // this node's name
    std::vector<listed_node> nodes;  // without a file
    std::string nodes_file;
    node_list_parser parse;
    bytes slot_unit;
    duration look_every = std::chrono::seconds(1);  // at the file
    duration refresh = std::chrono::seconds(5);     // of names
};

class static_membership final : public source_thread {
  public:
    explicit static_membership(static_options options, resolver how = system_resolver());

  private:
    void run(const std::stop_token& stopping) override;
    void tell();
    void look_at_file();
    void use(std::vector<listed_node> nodes);
    void resolve(const std::stop_token& stopping);
    [[nodiscard]] std::vector<discovered> as_nodes() const;

    static_options options_;
    name_lookup lookup_;
    file_watch file_;
    std::vector<listed_node> nodes_;                            // in force
    std::map<std::string, std::string, std::less<>> resolved_;  // "host:port" to an address
    time_point next_resolving_{};
    std::string file_problem_;
    std::string name_problem_;
    std::string told_;
};

}  // namespace lode::cluster
