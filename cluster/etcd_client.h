// cluster/etcd_client.h
//
// Asks etcd's HTTP gateway, and listens to one watch at the same time (libcurl).
//
//   Core     None. All calls from one thread, but for wake().
//   Errors   A sentence, fit for a log line, without the address of etcd and without any secret.
//   Limits   An answer, or a line of the watch, of 64 MiB. A connection within 2 s. A watch is as silent as
//            it likes: TCP itself asks after 10 s of silence whether the other side is there.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "engine/base/clock.h"

namespace lode::cluster {

struct etcd_failure {
    std::string sentence;
    bool cancelled = false;  // it was told to stop
    int status = 0;          // of the answer; 0: there was none
};

class etcd_client {
  public:
    // `ca_file`: PEM; empty: the system's.
    explicit etcd_client(std::string ca_file);
    ~etcd_client();
    etcd_client(const etcd_client&) = delete;
    etcd_client& operator=(const etcd_client&) = delete;

    // Which etcd is asked from now on, "http://10.0.0.1:2379", and as whom; ends the watch.
    void turn_to(std::string url);
    void use_token(std::string token);

    // The body of a 200. The watch is listened to meanwhile.
    [[nodiscard]] std::expected<std::string, etcd_failure> ask(std::string_view path,
                                                               std::string body, duration limit,
                                                               const std::stop_token& stopping);

    // Begins another watch in place of the last.
    void begin_watch(std::string_view path, std::string body);
    // Waits for something to happen: news, the end of the watch, wake().
    void wait(duration limit);
    // The next line of the watch.
    [[nodiscard]] std::optional<std::string> next_line();
    // Why the watch has ended, once its lines have been taken.
    [[nodiscard]] std::optional<std::string> end_of_watch() const;

    // From any thread: wait() and ask() look up.
    void wake();

  private:
    class call;

    void perform();

    std::string ca_file_;
    std::string url_;
    std::string token_;
    void* multi_;
    std::unique_ptr<call> watch_;
};

}  // namespace lode::cluster
