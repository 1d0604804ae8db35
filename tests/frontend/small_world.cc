#include "tests/frontend/small_world.h"

#include <utility>

#include "engine/runtime/scope.h"

namespace lode::frontend {
namespace {

using engine::task;

task<void> all_clients(small_node& node, std::vector<std::string> requests,
                       std::vector<std::string>& answers) {
    engine::scope clients;
    for (std::size_t i = 0; i < requests.size(); ++i) {
        clients.spawn(node.talk(std::move(requests[i]), answers[i]));
    }
    co_await clients.close();
}

task<void> end_world(small_node& node, small_origin& origin) {
    co_await node.stop();
    co_await origin.end();
}

task<void> forget_memory(engine::part_store& store) { co_await store.drop_memory(); }

task<void> sleep(duration time) { co_await engine::sleep_for(time); }

}  // namespace

small_world::small_world(std::uint64_t seed, settings s, std::optional<s3::credentials> identity,
                         std::uint32_t fills_max)
    : world_(seed),
      node_(*this,
            {.config = std::move(s), .identity = std::move(identity), .fills_max = fills_max}) {
    run(node_.start());
}

small_world::~small_world() { run(end_world(node_, *this)); }

void small_world::run(task<void> work) {
    const auto outcome = world_.run(std::move(work));
    LODE_ASSERT(outcome == engine::simulation::outcome::finished);
}

std::string small_world::talk(std::string raw) { return talk_all({std::move(raw)}).front(); }

std::vector<std::string> small_world::talk_all(std::vector<std::string> requests) {
    std::vector<std::string> answers(requests.size());
    run(all_clients(node_, std::move(requests), answers));
    return answers;
}

std::string small_world::ask(std::string_view method, std::string_view target,
                             std::string_view lines) {
    return talk(request_text(method, target, lines));
}

std::string small_world::get(std::string_view target, std::string_view lines) {
    return ask("GET", target, lines);
}

void small_world::rest(duration time) { run(sleep(time)); }

void small_world::drop_memory() { run(forget_memory(node_.store())); }

void small_world::pass(duration amount) { world_.jump(amount); }

frontend::serving& small_world::serving() { return node_.serving(); }

}  // namespace lode::frontend
