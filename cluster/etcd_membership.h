// cluster/etcd_membership.h
//
// The nodes are what each of them has written into etcd, under
//
//     <prefix>/nodes/<name>     a node's record (node_record.h), as long as its lease lives
//
// A session with one endpoint: a token, a lease, the whole list, this node's record, and a watch from there
// on. Whatever fails ends the session, and after a pause another begins with the next endpoint.
//
//   etcd is away    The last list stays in force; the lease may run out. When etcd is back, the lease is
//                   granted and the record written again. For one lease more no node is forgotten: it
//                   may not have been as quick as this one.
//   Compaction      The list is read anew.
//   A foreign record under this node's own name, from another address, is left alone while its lease
//                   lives, and said aloud: two nodes have one name.
//   A record that cannot be read is passed over and counted.
//   Limits          One question takes at most a third of a lease, and 5 s. Pauses double from 100 ms to
//                   the same (1 s to 10 s), less some chance.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/etcd_answers.h"
#include "cluster/etcd_client.h"
#include "cluster/source_thread.h"
#include "engine/base/clock.h"

namespace lode::cluster {

struct etcd_options {
    std::vector<std::string> endpoints;  // at least one
    std::string prefix;                  // "/lode/NAME OF THE CLUSTER"
    std::string user;                    // empty: nobody
    std::string password;
    std::string ca_file;
    duration lease = std::chrono::seconds(10);
    std::string self;  // this node's name
};

class etcd_membership final : public source_thread {
  public:
    explicit etcd_membership(etcd_options options);
    ~etcd_membership() override;

    // Nothing is written before the first time.
    void announce(const member& self) override;

  private:
    struct known_node {
        discovered of;
        time_point kept_until = never;  // it is not in etcd
    };
    // What stands under this node's own name.
    struct own_record {
        std::string value;
        std::string address;         // empty: it cannot be read
        std::uint64_t revision = 0;  // 0: there is none
        std::uint64_t lease = 0;
    };
    // Nothing went wrong, or why the session is over.
    using step = std::expected<void, std::string>;

    void run(const std::stop_token& stopping) override;
    [[nodiscard]] step converse();
    [[nodiscard]] step log_in();
    [[nodiscard]] step have_lease();
    [[nodiscard]] step list();
    [[nodiscard]] step listen();
    [[nodiscard]] step take_news();
    [[nodiscard]] step keep_lease();
    [[nodiscard]] step write_self();
    void begin_watch();
    void give_back_lease();

    [[nodiscard]] std::expected<std::string, std::string> ask(std::string_view path,
                                                              std::string body);
    void take_entry(const etcd_entry& entry);
    void forget(const std::string& key);
    void drop_kept();
    void say();
    [[nodiscard]] std::optional<member> announced();
    [[nodiscard]] duration limit() const;

    etcd_options options_;
    std::string nodes_prefix_;
    etcd_client client_;
    std::stop_token stopping_;
    bool leaving_ = false;  // nothing is left to do but to say so

    std::mutex mutex_;
    std::optional<member> announced_;  // under mutex_

    std::map<std::string, known_node> nodes_;  // by name
    std::set<std::string> unreadable_;         // names whose records were said to be
    own_record own_;
    std::uint64_t lease_ = 0;
    std::uint64_t revision_ = 0;   // that nodes_ are of
    time_point settling_until_{};  // nobody is forgotten before
    time_point next_keepalive_{};
    time_point next_write_{};
};

}  // namespace lode::cluster
