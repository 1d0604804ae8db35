// cluster/membership.h
//
// Where a node learns which other nodes there are: a list of its own, the addresses of a name, or what
// each node writes into etcd. A source runs on a thread of its own, where calls may block, and says the
// whole list whenever it has changed. What fails leaves the last list in force.
//
//   Core        None. start() and stop() from one thread; the rest from any.
//   Lifetime    After stop() the listener is not called again. A source is started once.
//   Errors      None that end it: a sentence in status(), logged once, and a counter.
//   Limits      members_max nodes; what is beyond is left out, counted and said.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cluster/member.h"
#include "engine/base/counters.h"
#include "engine/base/units.h"

namespace lode::cluster {

// A node as a source knows it. What the source does not know is empty or zero until the node says it
// of itself (roster.h).
struct discovered {
    std::string name;     // empty: only the address is known
    std::string address;  // an IP address and a port
    std::string zone;
    bytes capacity;
    std::vector<slot_range> slots;
    bool draining = false;

    friend bool operator==(const discovered&, const discovered&) = default;
};

// The whole list, on the source's thread. In the order of the list where it is static, else by name or
// address.
using discovery_listener = std::function<void(std::vector<discovered>)>;

// What a source has done and what is wrong with it, for operators.
struct membership_status {
    std::string problem;    // one sentence; empty: the list is up to date
    std::size_t nodes = 0;  // in the list in force
    bool heard_of = false;  // there has been a list at all
};

struct membership_counters {
    counter lists;     // that were new
    counter failures;  // of asking
    counter skipped;   // entries that could not be read, or were too many
};

class membership {
  public:
    membership() = default;
    membership(const membership&) = delete;
    membership& operator=(const membership&) = delete;
    virtual ~membership() = default;  // stop() came before

    virtual void start(discovery_listener listener) = 0;
    virtual void stop() = 0;

    // What the others should know of this node; again whenever it changes. Only etcd carries it: of the
    // other sources nodes learn it from each other.
    virtual void announce(const member& self) = 0;

    [[nodiscard]] virtual membership_status status() const = 0;
    [[nodiscard]] virtual const membership_counters& counters() const = 0;
};

}  // namespace lode::cluster
