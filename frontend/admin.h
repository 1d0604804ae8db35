// frontend/admin.h
//
// The operators' port:
//
//   GET  /metrics /healthz                        Prometheus; the process lives
//   GET  /readyz                                  200: it may be sent requests; 503 "draining": not for long
//   GET  /cluster[?as=json]                       who is in the cluster, as this node sees it
//   POST /drain[?undo]                            this node leaves soon, or does not any more
//   POST /drop?tier=memory                        forget what is in memory; devices stay
//   POST /device?path=PATH&state=out|in           take a cache device out of service, or back
//   GET  /locate?bucket=B&key=K[&wait=S]          where an object's parts are, on each node that may have them
//   POST /prestage?bucket=B&key=K[&wait=S]        bring an object in; GET: how it goes (prestage.h)
//   POST /purge?bucket=B&key=K                    forget an object on all nodes
//   POST /purge?bucket=B&prefix=P[&from=T]        the same for a page of objects; `next` names the next page
//   GET  /objects?bucket=B&prefix=P[&from=T]      a page of objects, by lode's own right
//
// Answers for programs are lines of a name and a value, or JSON where as=json asks for it.
//
//   Core      Core 0; reads the other cores' counters.
//   Limits    64 connections at a time; one request of at most 8 KiB on each, 5 s; 2 minutes for an answer.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "engine/runtime/scope.h"
#include "engine/runtime/socket.h"
#include "frontend/access/key_watch.h"
#include "frontend/cluster_lead.h"
#include "frontend/serving.h"

namespace lode::frontend {

class admin {
  public:
    // `keys` null: there is no key file. `nodes` null: this node is alone.
    explicit admin(const node_context& node, const access::key_watch* keys = nullptr,
                   cluster_lead* nodes = nullptr);

    // Answers one request and closes the connection.
    engine::task<void> serve(std::unique_ptr<engine::stream> stream);

    void set_ready(bool ready) { ready_ = ready; }

  private:
    struct reply {
        unsigned status = 200;
        std::string_view type = "text/plain; charset=utf-8";
        std::string body{};
    };

    engine::task<reply> answer(const http::request_head& head);
    engine::task<reply> look(std::string target);    // a GET
    engine::task<reply> change(std::string target);  // a POST
    [[nodiscard]] reply readiness() const;
    engine::task<reply> show_metrics();
    engine::task<reply> show_cluster(std::string query);
    reply drain(std::string_view query);
    engine::task<reply> change_device(std::string query);

    // admin_objects.cc: what concerns objects, in lode's own name.
    engine::task<reply> find_object(std::string query);
    engine::task<reply> list_objects(std::string query);
    engine::task<reply> begin_prestage(std::string query);
    engine::task<reply> follow_prestage(std::string query);
    engine::task<reply> purge(std::string query);
    [[nodiscard]] static reply no_identity();
    [[nodiscard]] static reply no_object();

    const node_context& node_;
    std::span<serving* const> cores_;  // null until that core has started
    const access::key_watch* keys_;
    cluster_lead* nodes_;
    time_point started_;
    bool ready_ = false;
    bool draining_ = false;
    int open_ = 0;
};

}  // namespace lode::frontend
