#include "tools/lode/warm.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "tools/lode/admin_client.h"
#include "tools/lode/admin_facts.h"
#include "tools/lode/complaint.h"
#include "tools/lode/object_url.h"
#include "tools/lode/resume_file.h"
#include "tools/lode/warm_report.h"

namespace lode::tools {
namespace {

using steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t waiting_max = 200'000;  // objects listed ahead
constexpr std::size_t failures_named = 20;
constexpr int wait_step = 5;      // seconds that one request may wait
constexpr int attempts_max = 10;  // to reach the admin port
constexpr milliseconds between_attempts(300);
constexpr milliseconds between_bars(200);
constexpr milliseconds between_lines(5000);

constexpr int under_way = 202;
constexpr int unknown = 404;
constexpr int too_many = 503;
constexpr int no_identity = 409;

class warming {
  public:
    warming(const std::string& admin_url, object_url what, bool waits, resume_file* resume)
        : admin_(admin_url), what_(std::move(what)), waits_(waits), resume_(resume) {}

    // Until everything has ended, one way or the other.
    warm_tally run(std::uint32_t parallel) {
        std::vector<std::jthread> threads;
        threads.emplace_back([this] { list(); });
        for (std::uint32_t n = 0; n < parallel; ++n) threads.emplace_back([this] { work(); });
        show();
        threads.clear();
        return tally_;
    }

    // Empty: nothing that concerns all of it.
    [[nodiscard]] const std::string& problem() const { return problem_; }
    [[nodiscard]] const std::vector<std::string>& failures() const { return failures_; }
    [[nodiscard]] double seconds() const {
        return std::chrono::duration<double>(steady::now() - begun_).count();
    }

  private:
    void list() {
        std::string from;
        do {
            std::string target = "/objects?" + query_for(what_, "prefix");
            if (!from.empty()) target += "&from=" + from;
            const auto answer = ask("GET", target);
            if (!answer) return;
            if (answer->status != status_done)
                return give_up(std::string(first_line(answer->body)));
            auto page = parse_object_page(answer->body);
            if (!page) return give_up(admin_ + " lists objects in a way that cannot be read.");
            if (!add(std::move(page->objects))) return;
            from = std::move(page->next);
        } while (!from.empty());
        const std::scoped_lock held(lock_);
        tally_.all_listed = true;
        news_.notify_all();
    }

    // False: it is over.
    bool add(std::vector<object_page::entry> objects) {
        std::unique_lock held(lock_);
        for (object_page::entry& o : objects) {
            ++tally_.listed;
            tally_.listed_bytes += bytes(o.size);
            if (resume_ != nullptr && resume_->contains(o.key)) {
                ++tally_.done_before;
                end(o);
            } else {
                waiting_.push_back(std::move(o));
            }
        }
        news_.notify_all();
        news_.wait(held, [this] { return waiting_.size() < waiting_max || over(); });
        return !over();
    }

    void work() {
        while (auto object = take()) {
            const auto answer = bring(*object);
            const std::scoped_lock held(lock_);
            if (!answer) return;
            note(*object, *answer);
            news_.notify_all();
        }
    }

    std::optional<object_page::entry> take() {
        std::unique_lock held(lock_);
        news_.wait(held, [this] { return !waiting_.empty() || tally_.all_listed || over(); });
        if (over() || waiting_.empty()) return std::nullopt;
        auto next = std::move(waiting_.front());
        waiting_.pop_front();
        news_.notify_all();
        return next;
    }

    // How it ended. Nothing: all of it is over.
    std::optional<admin_answer> bring(const object_page::entry& object) {
        const std::string query = fmt::format(
            "/prestage?{}&wait={}", query_for({.bucket = what_.bucket, .key = object.key}),
            waits_ ? wait_step : 0);
        std::string_view method = "POST";
        for (;;) {
            auto answer = ask(method, query);
            if (!answer) return std::nullopt;
            if (answer->status == no_identity) {
                give_up(std::string(first_line(answer->body)));
                return std::nullopt;
            }
            if (answer->status == under_way && waits_) {
                method = "GET";
            } else if (answer->status == too_many) {
                std::this_thread::sleep_for(between_attempts);
            } else if (answer->status == unknown && method == "GET" &&
                       admin_facts(answer->body).text("state") == "unknown") {
                method = "POST";
            } else {
                return answer;
            }
        }
    }

    // Holding the lock.
    void note(const object_page::entry& object, const admin_answer& answer) {
        const admin_facts facts(answer.body);
        end(object);
        if (answer.status == status_done) {
            const bytes came(facts.count("brought"));
            ++(came > bytes(0) ? tally_.brought : tally_.were_there);
            tally_.brought_bytes += came;
        } else if (answer.status == under_way) {
            ++tally_.asked_for;
        } else {
            ++tally_.failed;
            if (failures_.size() < failures_named) {
                const bool gone = facts.text("state") == "no_such_object";
                failures_.push_back(
                    fmt::format("s3://{}/{}: {}", what_.bucket, object.key,
                                gone ? "the origin does not show it to lode"
                                     : "not all of it could be brought in, or be kept"));
            }
            return;
        }
        if (resume_ != nullptr && !resume_->add(object.key) && problem_.empty()) {
            problem_ = "The file to resume from cannot be written.";
        }
    }

    void end(const object_page::entry& object) {
        ++tally_.ended;
        tally_.ended_bytes += bytes(object.size);
    }

    // Nothing: the port cannot be reached, and all of it is over.
    std::optional<admin_answer> ask(std::string_view method, std::string_view target) {
        for (int n = 1;; ++n) {
            auto answer = ask_admin(admin_, method, target);
            if (answer) return std::move(*answer);
            if (n == attempts_max) {
                give_up(answer.error());
                return std::nullopt;
            }
            std::this_thread::sleep_for(between_attempts);
        }
    }

    void give_up(std::string why) {
        const std::scoped_lock held(lock_);
        if (problem_.empty()) problem_ = std::move(why);
        news_.notify_all();
    }

    [[nodiscard]] bool over() const { return !problem_.empty(); }

    // A bar that is drawn again and again on a terminal; else a line now and then.
    void show() {
        const bool terminal = isatty(STDERR_FILENO) != 0;
        std::unique_lock held(lock_);
        auto next = steady::now() + (terminal ? milliseconds(0) : between_lines);
        while (!over() && !(tally_.all_listed && tally_.ended == tally_.listed)) {
            if (steady::now() >= next) {
                const std::string line = print_warm_progress(tally_, seconds());
                fmt::print(stderr, "{}{}{}", terminal ? "\r\033[K" : "", line,
                           terminal ? "" : "\n");
                next = steady::now() + (terminal ? between_bars : between_lines);
            }
            news_.wait_until(held, next);
        }
        if (terminal) fmt::print(stderr, "\r\033[K");
    }

    const std::string admin_;
    const object_url what_;
    const bool waits_;
    resume_file* const resume_;
    const steady::time_point begun_ = steady::now();

    std::mutex lock_;  // of all that follows
    std::condition_variable news_;
    std::deque<object_page::entry> waiting_;
    warm_tally tally_;
    std::string problem_;
    std::vector<std::string> failures_;
};

}  // namespace

int run_warm(const std::string& admin_url, const warm_request& r) {
    const auto what = parse_object_url(r.prefix);
    if (!what) {
        return complain(fmt::format("{} is no prefix; expected s3://bucket/prefix.", r.prefix));
    }
    std::optional<resume_file> resume;
    if (!r.resume.empty()) {
        auto opened = resume_file::open(r.resume, r.prefix);
        if (!opened) return complain(opened.error());
        resume.emplace(std::move(*opened));
    }
    warming work(admin_url, *what, r.waits || resume, resume ? &*resume : nullptr);
    const warm_tally came = work.run(std::clamp(r.parallel, 1U, warm_request::parallel_max));
    const double seconds = work.seconds();
    if (came.listed > 0) fmt::print("{}", print_warm_summary(came, seconds, r.prefix));
    for (const std::string& failure : work.failures()) complain(failure);
    if (came.failed > failures_named) {
        complain(fmt::format("... and {} more.", came.failed - failures_named));
    }
    if (!work.problem().empty()) return complain(work.problem());
    if (came.listed == 0) return complain(fmt::format("There is no object below {}.", r.prefix));
    return came.failed == 0 ? 0 : 1;
}

}  // namespace lode::tools
