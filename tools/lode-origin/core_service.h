// tools/lode-origin/core_service.h
//
// What one core of the server has at hand: the stores and users that all cores share read-only, and
// its own verifier, counters, buffers and connections.
//
//   Core       Made before the cores start; then used on its own core only. `counts` is read by the
//              first core.
//   Lifetime   Outlives its connections; stop() must have been awaited before destruction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/list.h"
#include "engine/runtime/core.h"
#include "engine/runtime/scope.h"
#include "engine/runtime/stream.h"
#include "engine/runtime/tls.h"
#include "frontend/s3/sigv4_verify.h"
#include "tools/lode-origin/faults.h"
#include "tools/lode-origin/pointing.h"
#include "tools/lode-origin/storage/bucket_store.h"
#include "tools/lode-origin/storage/object_store.h"
#include "tools/lode-origin/storage/upload_store.h"
#include "tools/lode-origin/tally.h"
#include "tools/lode-origin/users.h"

namespace lode::dev_origin {

inline constexpr std::size_t buffer_length = std::size_t{256} << 10U;

enum class server_role : std::uint8_t {
    store,    // everything
    gateway,  // everything, but points at another server for the bytes of objects
    backend,  // reads of objects only
};

// What other stores do differently, on demand.
struct quirk_set {
    bool sse_c_304 = false;  // a conditional GET is answered before the customer's key is looked at
};

// What the whole server shares. Immutable once the cores run, but for the injector, which belongs to
// the first core.
struct server_state {
    layout where;
    user_table users;
    std::string region;
    std::vector<std::string> domains;
    bytes part_length_min{5ULL << 20U};
    durability keep = durability::process_crash;
    directory_use use = directory_use::only_writer;
    server_role role = server_role::store;
    std::optional<pointing> points;  // of a gateway
    quirk_set quirks;
    std::optional<engine::tls_context> tls;
    fault_injector faults;
    std::size_t cores = 1;
};

// A buffer from a core's pool, given back when it goes.
class pooled_buffer;

class buffer_pool {
  public:
    [[nodiscard]] pooled_buffer take();

  private:
    friend pooled_buffer;
    static constexpr std::size_t kept_max = 64;
    std::vector<std::unique_ptr<std::byte[]>> free_;
};

class pooled_buffer {
  public:
    pooled_buffer(buffer_pool& pool, std::unique_ptr<std::byte[]> memory)
        : pool_(pool), memory_(std::move(memory)) {}
    ~pooled_buffer() {
        if (pool_.free_.size() < buffer_pool::kept_max) pool_.free_.push_back(std::move(memory_));
    }
    pooled_buffer(const pooled_buffer&) = delete;
    pooled_buffer& operator=(const pooled_buffer&) = delete;

    [[nodiscard]] std::span<std::byte> memory() const { return {memory_.get(), buffer_length}; }

  private:
    buffer_pool& pool_;
    std::unique_ptr<std::byte[]> memory_;
};

inline pooled_buffer buffer_pool::take() {
    if (free_.empty()) {
        return {*this, std::make_unique_for_overwrite<std::byte[]>(buffer_length)};
    }
    auto memory = std::move(free_.back());
    free_.pop_back();
    return {*this, std::move(memory)};
}

// One client connection, as far as its core must reach it from outside.
struct open_connection : list_hook<> {
    engine::stream* stream = nullptr;
    enum class phase : std::uint8_t { waiting, answering } now = phase::waiting;
};

namespace s3 = frontend::s3;

class core_service {
  public:
    explicit core_service(server_state& shared);
    ~core_service();
    core_service(const core_service&) = delete;
    core_service& operator=(const core_service&) = delete;

    // Which core decides about changes of this key.
    [[nodiscard]] core_id home_of(std::string_view bucket, std::string_view key) const;

    // What is to happen to a request of this kind.
    engine::task<std::optional<fault>> fault_for(operation op);

    // Ends idle connections at once and the others after their request, at most `patience` later.
    engine::task<void> stop(duration patience);
    [[nodiscard]] bool stopping() const { return stopping_; }

    server_state& shared;
    bucket_store buckets;
    object_store objects;
    upload_store uploads;
    s3::verifier verifier;
    tally counts;
    buffer_pool buffers;
    bool faults_active = false;
    engine::scope connections;
    list<open_connection> open;
    counter connections_ended;  // read by the core that hands them out

  private:
    bool stopping_ = false;
};

}  // namespace lode::dev_origin
