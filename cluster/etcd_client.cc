#include "cluster/etcd_client.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include <curl/curl.h>
#include <fmt/format.h>

#include "cluster/etcd_answers.h"
#include "engine/base/assert.h"

namespace lode::cluster {
namespace {

constexpr std::size_t answer_most = std::size_t{64} << 20U;
constexpr long connect_limit_ms = 2000;
constexpr long silence_before_probe_s = 10;
constexpr long probe_every_s = 3;

void initialise_once() {
    static std::once_flag once;
    std::call_once(once, [] { LODE_ASSERT(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); });
}

long milliseconds(duration time) {
    return static_cast<long>(
        std::chrono::ceil<std::chrono::milliseconds>(std::max(time, duration::zero())).count());
}

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
    LODE_ASSERT(curl_easy_setopt(easy, option, value) == CURLE_OK);
}

}  // namespace

// One request. The transfer knows its address.
class etcd_client::call {
  public:
    struct form {
        std::string url;
        std::string body;
        const std::string& token;
        const std::string& ca_file;
        duration limit;  // 0: none
    };

    call(CURLM* multi, const form& what) : multi_(multi), easy_(curl_easy_init()) {
        LODE_ASSERT(easy_ != nullptr);
        set(easy_, CURLOPT_PRIVATE, this);
        set(easy_, CURLOPT_URL, what.url.c_str());
        set(easy_, CURLOPT_NOSIGNAL, 1L);
        // A name server that is silent holds up neither the end nor the turn to another endpoint: the lookup is
        // left to itself.
        set(easy_, CURLOPT_QUICK_EXIT, 1L);
        set(easy_, CURLOPT_PROXY, "");
        set(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
        set(easy_, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
        set(easy_, CURLOPT_POSTFIELDSIZE, static_cast<long>(what.body.size()));
        set(easy_, CURLOPT_COPYPOSTFIELDS, what.body.c_str());
        set(easy_, CURLOPT_ERRORBUFFER, why_.data());
        set(easy_, CURLOPT_WRITEFUNCTION, &call::take);
        set(easy_, CURLOPT_WRITEDATA, this);
        set(easy_, CURLOPT_CONNECTTIMEOUT_MS, connect_limit_ms);
        set(easy_, CURLOPT_TIMEOUT_MS, milliseconds(what.limit));
        set(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
        set(easy_, CURLOPT_TCP_KEEPIDLE, silence_before_probe_s);
        set(easy_, CURLOPT_TCP_KEEPINTVL, probe_every_s);
        if (!what.ca_file.empty()) set(easy_, CURLOPT_CAINFO, what.ca_file.c_str());
        add_header("Content-Type: application/json");
        add_header("Expect:");
        if (!what.token.empty()) add_header("Authorization: " + what.token);
        set(easy_, CURLOPT_HTTPHEADER, headers_);
        LODE_ASSERT(curl_multi_add_handle(multi_, easy_) == CURLM_OK);
    }

    ~call() {
        curl_multi_remove_handle(multi_, easy_);
        curl_easy_cleanup(easy_);
        curl_slist_free_all(headers_);
    }

    call(const call&) = delete;
    call& operator=(const call&) = delete;

    void finish(CURLcode code) {
        done_ = true;
        code_ = code;
        curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status_);
    }

    [[nodiscard]] bool is_done() const { return done_; }
    [[nodiscard]] bool is_right() const { return code_ == CURLE_OK && status_ == 200; }
    [[nodiscard]] int status() const { return static_cast<int>(status_); }
    [[nodiscard]] std::string& received() { return received_; }

    [[nodiscard]] std::string failure() const {
        if (code_ == CURLE_OK) {
            const std::string said = parse_etcd_complaint(received_);
            return said.empty() ? fmt::format("answered {}", status_)
                                : fmt::format("answered {}: {}", status_, said);
        }
        if (too_long_) return "sent more than 64 MiB at once";
        const char* const why = why_.front() != '\0' ? why_.data() : curl_easy_strerror(code_);
        return fmt::format("cannot be asked: {}", why);
    }

  private:
    void add_header(const std::string& line) {
        headers_ = curl_slist_append(headers_, line.c_str());
        LODE_ASSERT(headers_ != nullptr);
    }

    static std::size_t take(const char* data, std::size_t one, std::size_t count, void* to) {
        auto& mine = *static_cast<call*>(to);
        const std::size_t length = one * count;
        mine.too_long_ = mine.received_.size() + length > answer_most;
        if (mine.too_long_) return 0;
        mine.received_.append(data, length);
        return length;
    }

    CURLM* multi_;
    CURL* easy_;
    curl_slist* headers_ = nullptr;
    std::array<char, CURL_ERROR_SIZE> why_{};
    std::string received_;
    bool too_long_ = false;
    bool done_ = false;
    CURLcode code_ = CURLE_OK;
    long status_ = 0;
};

etcd_client::etcd_client(std::string ca_file) : ca_file_(std::move(ca_file)) {
    initialise_once();
    multi_ = curl_multi_init();
    LODE_ASSERT(multi_ != nullptr);
}

etcd_client::~etcd_client() {
    watch_.reset();
    curl_multi_cleanup(multi_);
}

void etcd_client::turn_to(std::string url) {
    watch_.reset();
    url_ = std::move(url);
    token_.clear();
}

void etcd_client::use_token(std::string token) { token_ = std::move(token); }

std::expected<std::string, etcd_failure> etcd_client::ask(std::string_view path, std::string body,
                                                          duration limit,
                                                          const std::stop_token& stopping) {
    call asked(multi_, {.url = fmt::format("{}{}", url_, path),
                        .body = std::move(body),
                        .token = token_,
                        .ca_file = ca_file_,
                        .limit = limit});
    while (true) {
        perform();
        if (asked.is_done()) break;
        if (stopping.stop_requested()) {
            return std::unexpected(
                etcd_failure{.sentence = "was not waited for", .cancelled = true});
        }
        curl_multi_poll(multi_, nullptr, 0, connect_limit_ms, nullptr);
    }
    if (asked.is_right()) return std::move(asked.received());
    return std::unexpected(etcd_failure{.sentence = asked.failure(), .status = asked.status()});
}

void etcd_client::begin_watch(std::string_view path, std::string body) {
    watch_.reset();
    watch_ = std::make_unique<call>(multi_, call::form{.url = fmt::format("{}{}", url_, path),
                                                       .body = std::move(body),
                                                       .token = token_,
                                                       .ca_file = ca_file_,
                                                       .limit = duration::zero()});
    perform();
}

void etcd_client::wait(duration limit) {
    curl_multi_poll(multi_, nullptr, 0, static_cast<int>(milliseconds(limit)), nullptr);
    perform();
}

std::optional<std::string> etcd_client::next_line() {
    if (!watch_) return std::nullopt;
    std::string& received = watch_->received();
    const auto end = received.find('\n');
    if (end == std::string::npos) return std::nullopt;
    std::string line = received.substr(0, end);
    received.erase(0, end + 1);
    return line;
}

std::optional<std::string> etcd_client::end_of_watch() const {
    if (!watch_ || !watch_->is_done()) return std::nullopt;
    return watch_->is_right() ? "ended the watch" : watch_->failure();
}

void etcd_client::wake() { curl_multi_wakeup(multi_); }

void etcd_client::perform() {
    int running = 0;
    curl_multi_perform(multi_, &running);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        call* ended = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &ended);
        ended->finish(message->data.result);
    }
}

}  // namespace lode::cluster
