// cluster/dns_membership.h
//
// The nodes are the addresses of a name, such as a Kubernetes headless service has. Who is behind an
// address is not known here.
//
//   Errors   A name that cannot be resolved, or has no address, leaves the last list in force.
//   Limits   A lookup may take ten seconds.
#pragma once

#include <string>
#include <vector>

#include "cluster/name_lookup.h"
#include "cluster/source_thread.h"
#include "engine/base/clock.h"

namespace lode::cluster {

struct dns_options {
    std::string name;  // "lode.default.svc:9001"
    duration refresh = std::chrono::seconds(5);
    std::string self;  // this node's name
    // Where the others reach this node; or where it listens, when that is every address of the host: of
    // the addresses found, those of the host with this port are then its own.
    std::string own_address;
};

class dns_membership final : public source_thread {
  public:
    explicit dns_membership(dns_options options, resolver how = system_resolver());

  private:
    void run(const std::stop_token& stopping) override;
    void look(const std::stop_token& stopping);
    [[nodiscard]] std::vector<discovered> as_nodes(std::vector<std::string> addresses) const;

    dns_options options_;
    name_lookup lookup_;
};

}  // namespace lode::cluster
