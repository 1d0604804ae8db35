#include "frontend/peer/version_call.h"

#include <string>
#include <utility>

#include "frontend/peer/home_call.h"
#include "frontend/peer/version_question.h"

namespace lode::frontend::peer {

engine::task<std::optional<origin::told_version>> ask_version(peers& all, std::string_view origin,
                                                              const origin::object_name& name,
                                                              origin::version_wish wish) {
    const version_question about = version_question_about(origin, name, wish);
    const home_question question{.name = name,
                                 .id = about.id,
                                 .write =
                                     [&about](std::uint32_t protocol, std::string& target) {
                                         return write_version_question(about, protocol, target);
                                     },
                                 .body_max = version_text_max};
    const auto body = co_await ask_home(all, question);
    if (!body) co_return std::nullopt;
    auto told = parse_version(*body, origin, name);
    if (!told) co_return std::nullopt;
    co_return std::move(*told);
}

}  // namespace lode::frontend::peer
