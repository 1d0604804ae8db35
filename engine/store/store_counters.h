// engine/store/store_counters.h
//
// What the store counts, per core, and the sum that operators and tests read.
//
//   Core  A store_counters is written by its core and read by any.
#pragma once

#include <cstdint>

#include "engine/base/counters.h"

// One line per counter: name, kind, Prometheus family, what it says. The struct of counters, the
// struct of sums and the metrics page are made from this one table.
#define LODE_STORE_COUNTERS(X)                                                                     \
    X(hits_memory, counter, "lode_store_hits_memory_total", "Chunks served from memory")           \
    X(hits_disk, counter, "lode_store_hits_disk_total", "Chunks served from a device")             \
    X(hits_filling, counter, "lode_store_hits_filling_total", "Chunks served as they arrived")     \
    X(misses, counter, "lode_store_misses_total", "Chunks asked for and absent")                   \
    X(bytes_memory, counter, "lode_store_served_memory_bytes_total", "Bytes served from memory")   \
    X(bytes_disk, counter, "lode_store_served_disk_bytes_total", "Bytes served from a device")     \
    X(bytes_filling, counter, "lode_store_served_filling_bytes_total", "Bytes served on arrival")  \
    X(chunks_filled, counter, "lode_store_chunks_filled_total", "Chunks that arrived")             \
    X(bytes_filled, counter, "lode_store_filled_bytes_total", "Bytes that arrived")                \
    X(fills, counter, "lode_store_fills_total", "Fills begun")                                     \
    X(fills_joined, counter, "lode_store_fills_joined_total",                                      \
      "Fills asked for while one of the same part was under way")                                  \
    X(fill_pieces, counter, "lode_store_fill_pieces_total", "Fetches that fills made")             \
    X(background_bytes, counter, "lode_store_background_bytes_total",                              \
      "Bytes that arrived without anybody waiting for them")                                       \
    X(chunks_promoted, counter, "lode_store_promoted_chunks_total",                                \
      "Chunks waited for whose turn had not come")                                                 \
    X(fill_errors, counter, "lode_store_fill_errors_total", "Fills ended by an error")             \
    X(evicted_memory_chunks, counter, "lode_store_evicted_memory_chunks_total",                    \
      "Chunks that left memory for others")                                                        \
    X(evicted_memory_bytes, counter, "lode_store_evicted_memory_bytes_total",                      \
      "Bytes that left memory for others")                                                         \
    X(evicted_disk_parts, counter, "lode_store_evicted_disk_parts_total",                          \
      "Parts that left a device for others")                                                       \
    X(evicted_disk_chunks, counter, "lode_store_evicted_disk_chunks_total",                        \
      "Chunks that left a device for others")                                                      \
    X(evicted_disk_bytes, counter, "lode_store_evicted_disk_bytes_total",                          \
      "Bytes that left a device for others")                                                       \
    X(slabs_reclaimed, counter, "lode_store_slabs_reclaimed_total",                                \
      "Slabs emptied for another size class")                                                      \
    X(device_reads, counter, "lode_store_device_reads_total", "Device reads")                      \
    X(device_writes, counter, "lode_store_device_writes_total", "Device writes")                   \
    X(device_read_bytes, counter, "lode_store_device_read_bytes_total", "Bytes read from devices") \
    X(device_write_bytes, counter, "lode_store_device_write_bytes_total",                          \
      "Bytes written to devices")                                                                  \
    X(device_read_errors, counter, "lode_store_device_read_errors_total", "Failed device reads")   \
    X(device_write_errors, counter, "lode_store_device_write_errors_total",                        \
      "Failed device writes")                                                                      \
    X(checksum_failures, counter, "lode_store_checksum_failures_total",                            \
      "Chunks off a device whose XXH3 did not match")                                              \
    X(table_write_bytes, counter, "lode_store_table_write_bytes_total",                            \
      "Bytes of descriptor tables written to devices")                                             \
    X(bytes_admitted, counter, "lode_store_admitted_bytes_total",                                  \
      "Bytes of chunks that were given a place on a device")                                       \
    X(not_admitted, counter, "lode_store_not_admitted_total",                                      \
      "Chunks that a device did not take because they were asked for only once")                   \
    X(over_write_limit, counter, "lode_store_over_write_limit_total",                              \
      "Chunks that a device did not take because of its write limit")                              \
    X(chunks_scrubbed, counter, "lode_store_scrubbed_chunks_total",                                \
      "Chunks that the scrub read and verified")                                                   \
    X(devices_given_up, counter, "lode_store_devices_given_up_total",                              \
      "Times that a core found a device not worth asking any more")                                \
    X(chunks_forgotten, counter, "lode_store_forgotten_chunks_total",                              \
      "Chunks given up with a device that was taken out of service")                               \
    X(stale_chunks, counter, "lode_store_stale_chunks_total",                                      \
      "Chunks found at start whose slots had been taken over before the end")                      \
    X(no_space, counter, "lode_store_no_space_total",                                              \
      "Chunks that found no place on a device, parts that found none in the index")                \
    X(no_memory, counter, "lode_store_no_memory_total", "Waits and claims that found no memory")   \
    X(memory_used, gauge, "lode_store_memory_used_bytes", "Frames in use")                         \
    X(memory_capacity, gauge, "lode_store_memory_capacity_bytes", "Frames in all")                 \
    X(device_used, gauge, "lode_store_device_used_bytes", "Slots in use")                          \
    X(device_capacity, gauge, "lode_store_device_capacity_bytes", "Slabs in all")                  \
    X(device_waste, gauge, "lode_store_device_waste_bytes", "Bytes of used slots without data")    \
    X(parts, gauge, "lode_store_parts", "Parts known")                                             \
    X(parts_capacity, gauge, "lode_store_parts_capacity", "Parts that the index can hold")         \
    X(chunks_memory, gauge, "lode_store_chunks_memory", "Chunks in memory")                        \
    X(chunks_disk, gauge, "lode_store_chunks_disk", "Chunks on devices")                           \
    X(chunks_durable, gauge, "lode_store_chunks_durable",                                          \
      "Chunks that would be found on the devices after a crash now")                               \
    X(recovered_parts, gauge, "lode_store_recovered_parts", "Parts found on devices at start")     \
    X(recovered_chunks, gauge, "lode_store_recovered_chunks", "Chunks found on devices at start")  \
    X(damaged_descriptors, gauge, "lode_store_damaged_descriptors",                                \
      "Descriptors and slab headers on devices that could not be believed at start")               \
    X(index_bytes, gauge, "lode_store_index_bytes", "Memory of the index")                         \
    X(fills_running, gauge, "lode_store_fills_running", "Fills under way")                         \
    X(background_running, gauge, "lode_store_background_fetches",                                  \
      "Fetches under way that nobody waits for")

namespace lode::engine {

struct store_counters {
#define LODE_STORE_COUNTER(name, kind, family, help) counter name;
    LODE_STORE_COUNTERS(LODE_STORE_COUNTER)
#undef LODE_STORE_COUNTER
};

// A moment's sum over cores.
struct store_stats {
#define LODE_STORE_STAT(name, kind, family, help) std::uint64_t name = 0;
    LODE_STORE_COUNTERS(LODE_STORE_STAT)
#undef LODE_STORE_STAT

    void add(const store_counters& of_one_core);
    void describe(metrics_page& page) const;
};

}  // namespace lode::engine
