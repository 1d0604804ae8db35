// engine/store/home.h
//
// Everything of the store that one core owns: the index of its parts, its frames, its slots and its
// way to the devices. part_store brings every call here; leases and claims find their way back here
// by message.
//
//   Core        One. Everything is called there.
//   Memory      See memory_tier.h and part_index.h.
//   Lifetime    A part that has a chunk being filled, or a pinned frame, is busy and stays in the
//               index. A frame that is loading or being written stays pinned, and so does its slot,
//               unless its device is given up.
//   Invariants  part.held counts the chunks that are not absent; part.busy the marks and the pinned
//               frames.
//   Errors      As part_store.h says.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/base/list.h"
#include "engine/base/rate_limit.h"
#include "engine/runtime/core.h"
#include "engine/runtime/scope.h"
#include "engine/runtime/wait_list.h"
#include "engine/store/admission.h"
#include "engine/store/arrivals.h"
#include "engine/store/attached_device.h"
#include "engine/store/chunk_lease.h"
#include "engine/store/device_tier.h"
#include "engine/store/fill.h"
#include "engine/store/memory_tier.h"
#include "engine/store/part_index.h"
#include "engine/store/part_key.h"
#include "engine/store/part_source.h"
#include "engine/store/recovery.h"
#include "engine/store/store_counters.h"
#include "engine/store/store_options.h"

namespace lode::engine {

struct presence;
enum class fill_extent : std::uint8_t;

// Who hears, on each core, what becomes of devices.
class device_watcher {
  public:
    // The core asks for the device to be taken out of service on every core.
    virtual void device_gave_up(std::uint8_t device, device_trouble why) = 0;
    virtual void device_changed(core_id on, std::uint8_t device, bool in_service) = 0;

  protected:
    ~device_watcher() = default;
};

class home final : public core_bound, private memory_tier_owner {
  public:
    struct setup {
        core_id self;
        const store_options& options;
        store_counters& count;
        std::uint32_t parts_max = 0;
        std::uint64_t chunks_max = 0;
        std::vector<attached_device::setup> devices;
        device_tier::shard_filter mine;
        device_watcher& watcher;
    };

    // Reserves the frames and registers them with the core's ring, if there is one.
    [[nodiscard]] static result<std::unique_ptr<home>> open(setup s);
    home(setup s, frame_pool frames);
    home(const home&) = delete;
    home& operator=(const home&) = delete;

    // Finds what the devices hold. Before everything else.
    task<recovered> start();

    task<result<chunk_lease>> read(part_key key, std::uint32_t chunk, time_point until,
                                   bytes beyond);
    [[nodiscard]] result<> fill(part_key key, chunk_range demanded,
                                std::unique_ptr<part_source> source, fill_extent extent);
    task<result<>> wait(part_key key, time_point until);
    [[nodiscard]] result<chunk_claim> claim(part_key key, std::uint32_t chunk);
    [[nodiscard]] presence look(const part_key& key, chunk_range among);
    task<void> drop_memory();
    void purge(const part_key& key);
    task<result<>> settle(time_point until);

    // From now on the device is not asked for anything, and what it held is forgotten; see
    // home_devices.cc. `self` is a home, so that it can be a message.
    static void take_out(void* self, std::uint64_t device);
    // The device is as it was: finds what it holds. unavailable: it still has requests of before;
    // corrupt: it is another device.
    task<result<recovered>> bring_back(std::uint8_t device);

    // Ends everything, within options.stop_timeout. Afterwards stopped() says whether it did end.
    task<void> stop();
    [[nodiscard]] bool stopped() const { return background_.closed(); }

    // Messages from leases and claims; `frame` is a frame_id's value.
    static void lease_ended(void* self, std::uint64_t frame);
    static void claim_published(void* self, std::uint64_t frame);
    static void claim_abandoned(void* self, std::uint64_t frame);

  private:
    friend class engine::fill;

    // For fills; see home_fills.cc.
    [[nodiscard]] bytes most_ahead() const { return memory_.pool().capacity() / 2; }
    [[nodiscard]] std::uint32_t fill_share() const;
    [[nodiscard]] bool can_keep(part_ref ref);
    [[nodiscard]] bool take_background_turn(engine::fill& f);
    void background_ended();
    [[nodiscard]] std::optional<time_point> background_due(bytes amount);
    void begin_arrival(resident& r, part_ref ref, std::uint32_t chunk);
    void announce_progress(resident& r);
    void abandon_arrival(resident& r);
    [[nodiscard]] static bool is_ahead(const resident& r);
    void hold_ahead(resident& r);
    void release_ahead(part_ref ref);
    task<result<resident*>> frame_for_fill(size_class c);
    [[nodiscard]] std::span<std::byte> memory_of(const resident& r) { return memory_.memory(r); }
    void publish(resident& r);
    void unpin(resident& r);
    void unmark(part_ref ref, std::uint32_t chunk, error why);

    [[nodiscard]] part_ref find_or_insert(const part_key& key);
    void mark(part_ref ref, std::uint32_t chunk);
    [[nodiscard]] engine::fill* fill_of(part_ref ref);
    enum class caught_up_by : std::uint8_t { reading, other };
    void caught_up(resident& r, caught_up_by how);
    void not_kept(part_ref ref);
    [[nodiscard]] bool anything_filling(part& p);
    struct wish {
        std::uint64_t length = 0;  // of the chunk
        std::uint64_t beyond = 0;  // less than that
        bool first = true;         // the reader has nothing of the chunk yet
    };
    [[nodiscard]] static wish wish_for(const part_key& key, std::uint32_t chunk, bytes beyond);
    [[nodiscard]] chunk_lease lease(resident& r, const wish& w, chunk_source found);
    [[nodiscard]] bool begin_load(part_ref ref, std::uint32_t chunk);
    task<void> load(part_ref ref, resident& r);
    [[nodiscard]] bool intact(const resident& r, std::span<const std::byte> data);
    void lose(part_ref ref, resident& r);
    void note_asked(resident& r, unsigned times);
    void begin_write(resident& r);
    [[nodiscard]] bool may_write(part_ref ref, const resident& r);
    task<void> write_out(part_ref ref, resident& r);
    task<result<>> write_to_slot(part_ref ref, resident& r);
    task<void> run_fill(std::unique_ptr<engine::fill> f, bytes share);
    void detach(resident& r);
    task<void> recover(std::uint8_t device, recovered& into);
    task<result<>> check_identity(attached_device& d);
    task<void> forget_device(std::uint8_t device);
    void forget_copies(part_ref ref);
    void abandon_load(part_ref ref, resident& r);
    static void device_gave_up(void* self, std::uint8_t device, device_trouble why);
    task<void> scrub();
    task<void> scrub_part(part_ref ref, rate_limit& pace);
    void left_memory(resident& r) override;
    void frames_came_free();
    void refresh_gauges();
    [[nodiscard]] std::vector<std::unique_ptr<attached_device>> attach(
        std::vector<attached_device::setup> given);
    [[nodiscard]] std::vector<device_tier::device_setup> journals();

    const core_id self_;
    const store_options& options_;
    store_counters& count_;
    part_index parts_;
    memory_tier memory_;
    std::vector<std::unique_ptr<attached_device>> devices_;
    device_tier slots_;
    admission admission_;
    device_watcher& watcher_;
    arrivals arrivals_;
    wait_list frames_free_;
    wait_list settled_;
    wait_list stop_signal_;
    list<engine::fill> fills_;
    std::array<list<engine::fill, joinable>, 64> joinable_;  // by part
    wait_list fill_ended_;
    std::uint32_t fills_running_ = 0;
    std::uint32_t fills_lingering_ = 0;  // of these, those that have nothing more to fetch
    bytes all_ahead_;                    // under way, or arrived before their readers, of all fills
    bytes held_;                         // of these, what keeps its frame until it is read
    bytes fills_weight_;  // of those that run: a chunk each, less where the part is shorter
    list<engine::fill, background_line> background_line_;
    std::uint32_t background_turns_ = 0;  // given out
    rate_limit background_pace_;
    std::uint64_t writes_pending_ = 0;
    bytes dirty_;  // frames that wait for the device, or are being written
    bool stopping_ = false;
    bool making_room_ = true;  // false while memory is dropped on request
    scope background_;
};

}  // namespace lode::engine
