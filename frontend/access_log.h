// frontend/access_log.h
//
// One line of JSON per request, for people and for machines. A core collects lines and writes them
// through its ring, so that a slow disk or a full pipe delays no request.
//
//   Core        One writer per core over one shared descriptor opened for appending; lines never mix.
//   Memory      Two buffers of 256 KiB per core at most.
//   Errors      Lines that do not fit while a write is stuck are dropped and counted.
//   Secrets     Query strings, headers and signatures are never written.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/clock.h"
#include "engine/base/counters.h"
#include "engine/base/error.h"
#include "engine/runtime/scope.h"
#include "frontend/http/cache_word.h"

namespace lode::frontend {

struct access_record {
    wall_time when;
    std::string_view client;
    std::string_view method;
    std::string_view bucket;
    std::string_view key;    // decoded, any bytes; or the path when it names no object
    std::string_view range;  // as the client sent it
    std::string_view who;    // the name of the client's key, where lode knows it
    std::string_view request_id;
    unsigned status = 0;  // 0: the connection ended before an answer
    cache_word cache = cache_word::bypass;
    cache_detail detail = cache_detail::none;
    std::uint64_t bytes_in = 0;   // request body
    std::uint64_t bytes_out = 0;  // response body
    duration total{};
    duration first_byte{};  // until the response head was sent
    duration origin{};      // waiting for the origin's heads
    bool complete = true;   // the whole response was sent
};

// The file behind all writers.
class access_log_file {
  public:
    // "-": standard output; "": no log. Blocks.
    [[nodiscard]] static result<std::shared_ptr<access_log_file>> open(const std::string& path);
    ~access_log_file();
    access_log_file(const access_log_file&) = delete;
    access_log_file& operator=(const access_log_file&) = delete;

    [[nodiscard]] int fd() const { return fd_; }

  private:
    explicit access_log_file(int fd) : fd_(fd) {}
    int fd_;
};

class access_log {
  public:
    // `file` null: writes nothing.
    access_log(std::shared_ptr<access_log_file> file, std::string node);

    void write(const access_record& r);

    // Writes what is left, within a second.
    engine::task<void> close();

    [[nodiscard]] const counter& dropped() const { return dropped_; }

    static constexpr std::size_t buffer_max = std::size_t{256} << 10U;

  private:
    engine::task<void> write_out();

    std::shared_ptr<access_log_file> file_;
    std::string node_;
    std::string collecting_;
    std::string writing_;
    bool busy_ = false;
    counter dropped_;
    engine::scope writers_;
};

// Exposed for tests: appends the line of `r`, with its newline.
void append_access_line(const access_record& r, std::string_view node, std::string& out);

}  // namespace lode::frontend
