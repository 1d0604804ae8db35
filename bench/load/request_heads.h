// bench/load/request_heads.h
//
// The heads of a core's requests, ready to be sent. A signature costs more than the rest of a request's
// head, and holds for a quarter of an hour: those of GETs are kept for five minutes, without the Range
// where that is not signed.
//
//   Core     One.
//   Memory   16,384 heads of about 600 bytes, once so many objects have been asked for.
//   Secrets  The signer's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/data_set.h"
#include "bench/load/load_options.h"
#include "engine/base/clock.h"
#include "frontend/s3/sigv4.h"

namespace lode::bench {

class request_heads {
  public:
    enum class ranges : std::uint8_t { unsigned_, signed_ };

    // `data` must outlive this.
    request_heads(const target_options& target, const data_set& data, ranges r);

    // Each replaces what is in `out`, whose capacity is kept.
    void get(std::uint64_t object, const std::optional<extent>& range, wall_time now,
             std::string& out);
    void put(std::uint64_t object, bytes length, wall_time now, std::string& out);

    // Any other request on an object, or on the bucket where `object` is nothing. The payload is not signed.
    struct plain_request {
        std::string_view method;
        std::optional<std::uint64_t> object;
        std::string_view query;  // without '?', encoded and in its canonical order
        bytes length;            // of the body
    };
    void plain(const plain_request& r, wall_time now, std::string& out);

    static constexpr duration kept_for = std::chrono::minutes(5);
    static constexpr std::size_t kept_most = std::size_t{1} << 14U;

  private:
    struct kept {
        std::uint64_t object = ~std::uint64_t{0};
        wall_time signed_at{};
        std::string lines;  // without the empty one
    };

    void write(const plain_request& r, std::string_view range, wall_time now, std::string& out);

    std::string host_;
    const data_set& data_;
    ranges ranges_;
    std::optional<frontend::s3::signer> signer_;
    std::vector<kept> kept_;
    std::string path_;
};

}  // namespace lode::bench
