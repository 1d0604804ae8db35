#include "cluster/name_lookup.h"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace lode::cluster {

struct name_lookup::question {
    std::mutex mutex;
    std::condition_variable_any answered;
    std::optional<result<std::vector<engine::socket_address>>> answer;
};

resolver system_resolver() {
    return [](const std::string& host, std::uint16_t port) {
        return engine::socket_address::resolve(host, port);
    };
}

result<std::vector<std::string>> name_lookup::find(const std::string& host, std::uint16_t port,
                                                   duration limit,
                                                   const std::stop_token& stopping) {
    if (pending_) {
        const std::scoped_lock lock(pending_->mutex);
        if (!pending_->answer) return fail(errc::timed_out);
    }
    pending_ = std::make_shared<question>();
    std::thread([asked = pending_, how = how_, host, port] {
        auto found = how(host, port);
        const std::scoped_lock lock(asked->mutex);
        asked->answer = std::move(found);
        asked->answered.notify_all();
    }).detach();

    std::unique_lock lock(pending_->mutex);
    pending_->answered.wait_for(lock, stopping, limit,
                                [&] { return pending_->answer.has_value(); });
    if (!pending_->answer) {
        return fail(stopping.stop_requested() ? errc::cancelled : errc::timed_out);
    }
    const auto& found = *pending_->answer;
    if (!found) return std::unexpected(found.error());
    std::vector<std::string> texts;
    for (const engine::socket_address& each : *found) texts.push_back(each.text());
    std::ranges::sort(texts);
    const auto repeated = std::ranges::unique(texts);
    texts.erase(repeated.begin(), repeated.end());
    return texts;
}

host_and_port split_host_and_port(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return {.host = std::string(text), .port = 0};
    host_and_port made{.host = std::string(text.substr(0, colon)), .port = 0};
    if (made.host.starts_with('[') && made.host.ends_with(']')) {
        made.host = made.host.substr(1, made.host.size() - 2);
    }
    const std::string_view digits = text.substr(colon + 1);
    std::from_chars(digits.data(), digits.data() + digits.size(), made.port);
    return made;
}

}  // namespace lode::cluster
