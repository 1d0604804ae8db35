// tools/lode-origin/admin.h
//
// The admin port: what was counted, faults on demand, public buckets. No authentication: it is for
// the machine that runs the tests.
//
//     GET /healthz           GET /counters           POST /counters/reset
//     POST /faults?...       DELETE /faults
//     POST /public?bucket=b  DELETE /public?bucket=b
//
//   Core     The first one.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/runtime/address.h"
#include "engine/runtime/scope.h"
#include "engine/runtime/task.h"
#include "tools/lode-origin/core_service.h"

namespace lode::dev_origin {

class admin_port {
  public:
    // One service per core, in the order of the cores.
    explicit admin_port(std::span<const std::unique_ptr<core_service>> cores) : cores_(cores) {}

    // Takes ownership of the descriptor.
    engine::task<void> serve(int fd, engine::socket_address peer);

    // Ends every connection at once.
    void abort();

  private:
    struct reply {
        unsigned status = 200;
        std::string body;
    };

    engine::task<reply> answer(std::string method, std::string target);
    engine::task<reply> counters(std::string method);
    engine::task<reply> reset_counters(std::string method);
    engine::task<reply> faults(std::string method, std::string query);
    engine::task<reply> visibility_of_bucket(std::string method, std::string query);
    engine::task<void> set_faults_active(bool active);

    std::span<const std::unique_ptr<core_service>> cores_;
    list<open_connection> open_;
};

}  // namespace lode::dev_origin
