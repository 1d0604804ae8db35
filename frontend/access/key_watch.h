// frontend/access/key_watch.h
//
// Looks at the key file once a second and, when it has changed, gives every core the new keys. A file
// that cannot be used changes nothing but a log line and a metric: the keys stay as they were.
//
//   Core        Core 0. The other cores' gates are reached by message, one after the other: for a moment
//               two cores may judge by different rings.
//   Memory      The file's text while it is read, at most 256 KiB.
//   Errors      Logged once per change of the file, with line and sentence, never with a secret.
//   Limits      One look per second; parsing the largest file holds core 0 up for some milliseconds.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/counters.h"
#include "engine/base/file_mark.h"
#include "engine/runtime/task.h"
#include "engine/runtime/wait_list.h"
#include "frontend/access/gate.h"
#include "frontend/access/key_file.h"

namespace lode::frontend::access {

class key_watch {
  public:
    // `gates` by core number; they outlive the watch.
    key_watch(std::string path, std::vector<gate*> gates);

    // Until stop().
    engine::task<void> run();
    void stop();

    // One look at the file, at once.
    engine::task<void> look();

    // The file on disk is the one in use.
    [[nodiscard]] bool current() const { return problem_.empty(); }
    [[nodiscard]] std::size_t keys() const;
    [[nodiscard]] const counter& accepted() const { return accepted_; }
    [[nodiscard]] const counter& refused() const { return refused_; }

  private:
    engine::task<std::expected<file_mark, int>> mark_of_file();
    engine::task<std::expected<std::string, int>> read_file();
    engine::task<void> adopt(std::shared_ptr<const key_ring> keys);
    void complain(std::string sentence);

    std::string path_;
    std::vector<gate*> gates_;
    std::optional<file_mark> seen_;
    bool settled_ = false;
    std::optional<s3::sha256_digest> content_;  // of the last file that was read
    std::string content_problem_;               // what was wrong with that
    std::string problem_;                       // what is wrong now
    counter accepted_;
    counter refused_;
    bool stopping_ = false;
    engine::wait_list stopped_;
};

}  // namespace lode::frontend::access
